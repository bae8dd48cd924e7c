#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# logged.pl SOURCE...: what the plugin logs that it cannot do, as the headings of
# collectd-taskstats(5)'s TROUBLESHOOTING have it: up to the cause, with "..." for
# what differs.
use strict;
use warnings;

for my $path (@ARGV) {
    open my $file, '<', $path or die "$path: $!\n";
    my $text = do { local $/; <$file> };
    $text =~ s/"\s*PRI\w+\s*(?:"|(?=[,)]))/%u/g;
    $text =~ s/"\s*\n\s*"//g;    # one string, in pieces
    while ($text =~ /"(?:taskstats plugin: )?(Cannot (?:[^"\\]|\\.)*)"/g) {
        my $line = $1;
        $line =~ s/(?: \(|[:;,.] |[:.]$).*//s;
        $line =~ s/\\"%[^ ]*\\"/%s/g;
        $line =~ s/%[\w.]+(?: %[\w.]+)*/.../g;
        print "line $line\n";
    }
}
