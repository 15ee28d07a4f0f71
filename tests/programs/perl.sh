#!/bin/sh
# perl: hashes and regular expressions; interpreters cloned into threads; the same output with and without the library.
. "$(dirname "$0")/common.sh"
need perl
export PERL_HASH_SEED=0

same_with_and_without perl "$source_directory/bench/programs/words.pl"

perl -Mthreads -e1 2>/dev/null || exit 0
cat >"$scratch/threads.pl" <<'PERL'
use strict;
use warnings;
use threads;
use threads::shared;

my %data = map { $_ => [ map { "item $_" } 1 .. $_ % 50 ] } 1 .. 2000;
my %sums :shared;
for my $round (1 .. 3) {
    my @threads = map {
        my $part = $_;
        threads->create(sub {
            my $sum = 0;
            for my $key (grep { $_ % 4 == $part } keys %data) {
                $sum += length join ',', map { uc } @{ $data{$key} };
                lock %sums;
                $sums{"$round:$part"} = ($sums{"$round:$part"} // 0) + 1;
            }
            return $sum;
        });
    } 0 .. 3;
    print join(' ', map { $_->join } @threads), "\n";
}
print "$_ $sums{$_}\n" for sort keys %sums;
PERL
same_with_and_without perl "$scratch/threads.pl"
