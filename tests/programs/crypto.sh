#!/bin/sh
# ssh-keygen and openssl: keys made, signed with and verified, across with and without the library.
. "$(dirname "$0")/common.sh"
need ssh-keygen
cd "$scratch"
echo 'a message' >message

for type in ed25519 ecdsa rsa; do
  with_library ssh-keygen -q -t $type -N '' -f key.$type
  with_library ssh-keygen -y -f key.$type | cut -d' ' -f1-2 >derived
  cut -d' ' -f1-2 key.$type.pub | cmp - derived || fail "another public key was derived ($type)"
  same_with_and_without ssh-keygen -l -f key.$type.pub
  with_library ssh-keygen -q -Y sign -n file -f key.$type message 2>signing
  echo "test $(cat key.$type.pub)" >allowed
  ssh-keygen -q -Y verify -n file -I test -f allowed -s message.sig <message >/dev/null || fail "a signature is wrong ($type)"
  with_library ssh-keygen -q -Y verify -n file -I test -f allowed -s message.sig <message >/dev/null || fail "$type: verify"
  echo 'another message' | with_library ssh-keygen -q -Y verify -n file -I test -f allowed -s message.sig >/dev/null 2>&1 &&
    fail "a wrong message was accepted ($type)"
  rm -f message.sig
done
require_active 3

command -v openssl >/dev/null || exit 0
with_library openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem -subj /CN=test -days 2 2>/dev/null
openssl verify -CAfile tls.pem tls.pem >/dev/null || fail "the certificate is wrong"
require_active 1
head -c 5000000 /dev/zero >zeros
same_with_and_without openssl dgst -sha256 -sign tls.key -hex zeros
same_with_and_without openssl enc -aes-256-cbc -pbkdf2 -S 0102030405060708 -k secret -in zeros -out /dev/stdout
