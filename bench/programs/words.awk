# Associative arrays, splitting, substitution. Prints counts that cannot vary.
BEGIN {
  for (i = 1; i <= 150000; i++) {
    word = "w" (i * 7919 % 20011)
    count[word]++
    places[word] = places[word] " " i
    pairs[i % 1000, word] = i
  }
  for (word in places) {
    entries += split(places[word], list, " ")
    gsub(/1/, "one", places[word])
    letters += length(places[word])
  }
  for (pair in pairs) { split(pair, part, SUBSEP); sum += part[1] }
  print length(count), entries, letters, length(pairs), sum
}
