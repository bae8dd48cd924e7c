#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# logged.pl SOURCE...: the failures that the plugin logs, as the headings of
# collectd-taskstats(5)'s TROUBLESHOOTING have them: up to the cause, with "..." for
# what varies. These are all warnings and errors, all lines that are composed in
# report/, and everything that begins with "Cannot".
use strict;
use warnings;

# Lines that report the end of a failure.
my $ends = qr/ again\.$|^User "%s" exists now/;

sub print_line {
    my ($line) = @_;
    $line =~ s/\\"/"/g;
    return if $line =~ $ends;
    $line =~ s/(?: \(|[:;,.] |[:.]$).*//s;
    $line =~ s/"%[^ ]*"/%s/g;
    $line =~ s/%[\w.]+(?: %[\w.]+)*/.../g;
    print "line $line\n" unless $line eq '...';    # passed on
}

my $string = qr/"((?:[^"\\]|\\.)*)"/;

for my $path (@ARGV) {
    open my $file, '<', $path or die "$path: $!\n";
    my $text = do { local $/; <$file> };
    $text =~ s/%"\s*PRI\w+\s*(?:"|(?=[,)]))/%u/g;
    $text =~ s/"\s*\n\s*"//g;                        # one string, in pieces
    $text =~ s/"taskstats plugin: /"/g;
    print_line($1) while $text =~ /\b(?:ERROR|WARNING|snprintf)\((?:\s*line,\s*size,)?\s*$string/g;
    print_line($1) while $text =~ /"(Cannot (?:[^"\\]|\\.)*)"/g;
}
