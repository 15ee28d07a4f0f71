# Hashes of arrays of strings, regular expressions, sorting. Prints counts and a checksum.
use strict;
use warnings;

my ($state, %index, @lines) = (1);
sub pick { $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % $_[0] }

for my $line (1 .. 25000) {
    push @lines, join ' ', map { 'w' . pick(3000) . 'x' x pick(12) } 1 .. 8;
}
for my $number (0 .. $#lines) {
    while ($lines[$number] =~ /\b(w(\d+)x*)\b/g) {
        push @{ $index{$1}{ $2 % 7 } }, $number;
    }
}
my ($entries, $checksum) = (0, 0);
for my $word (sort keys %index) {
    for my $class (sort keys %{ $index{$word} }) {
        my @numbers = @{ $index{$word}{$class} };
        $entries += @numbers;
        $checksum = ($checksum * 31 + $_) % 1000000007 for @numbers;
    }
}
my $text = join "\n", @lines;
my $changed = ($text =~ s/w(\d)(\d+)/v$2$1/g);
print join(' ', scalar(keys %index), $entries, $checksum, $changed, length $text), "\n";
