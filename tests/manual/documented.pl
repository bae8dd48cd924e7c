#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What a document says that there is, in the lines that tables.c prints of the
# code:
#   documented.pl page FILE.pod       collectd-taskstats(5)
#   documented.pl example FILE.conf   collectd.conf.example
#   documented.pl switches FILE.pod [SECTION]
#                                     the options of a tool, as "-o, --option"
use strict;
use warnings;

# The places of the options below each heading of OPTIONS.
my %places = (
    'Stanzas'            => 'plugin',
    'Selectors'          => 'group exclude',
    'Options of a group' => 'group',
    'Options of the plugin and of each stanza' => 'plugin process group',
    'Options of the plugin'                    => 'plugin',
);

my %kinds = (
    'METRICS'              => 'metric',
    'DELAYS'               => 'delay',
    'META DATA'            => 'meta',
    'EXIT LOG'             => 'log',
    'GROUP NAME TEMPLATES' => 'placeholder',
);

sub plain {
    my ($text) = @_;
    1 while $text =~ s/[BCFILS]<([^<>]*)>/$1/g;
    $text =~ s/E<lt>/</g;
    $text =~ s/E<gt>/>/g;
    return $text;
}

# "%{1} to %{9}" is how the code lists them, too, but one by one.
sub placeholders {
    my ($text) = @_;
    return map { "placeholder $_" } $text =~ /(%\{\w+\}|%%)/g;
}

sub page {
    my ($section, $heading, $option) = ('', '', '');
    while (<>) {
        chomp;
        ($section, $heading) = ($1, ''), next if /^=head1 (.*)/;
        $heading = $1, next if /^=head2 (.*)/;
        if ($section eq 'OPTIONS') {
            $option = '' if /^=/;
            if (/^=item B<(\w+)>/ && exists $places{$heading}) {
                $option = $1;
                print "option $option $places{$heading}\n";
            }
            print 'default ', $option, ' ', plain($1), "\n"
              if $option ne '' && /Default: (B<.*?>)\./;
        }
        elsif ($section eq 'TROUBLESHOOTING') {
            print 'line ', plain($1), "\n" if /^=item (.*)/;
        }
        elsif (/^=item (.*)/ && exists $kinds{$section}) {
            my $item = plain($1);
            print "$_\n"
              for $section eq 'GROUP NAME TEMPLATES'
              ? placeholders($item)
              : "$kinds{$section} $item";
        }
    }
}

# Options stand alone, or behind "#" and no blank or several.
sub example {
    my $inside = 0;
    while (<>) {
        $inside = 1, next if /^<Plugin taskstats>/;
        $inside = 0 if m{^</Plugin>};
        next unless $inside;
        print "option $1\n"     if /^\s*(?:#(?:\s\s+)?)?<?([A-Z]\w+)[ >]/;
        print "default $1 $2\n" if /^  ([A-Z]\w+) +(\S+)\s*(?:#.*)?$/;
    }
}

sub switches {
    my ($wanted) = @_;
    my $section = '';
    while (<>) {
        $section = $1 if /^=head\d (.*)/;
        print plain("$1, $2"), "\n"
          if $section eq $wanted && /^=item (B<-\w>), (B<--[\w-]+>)/;
    }
}

my $what = shift // '';
if    ($what eq 'page')     { page() }
elsif ($what eq 'example')  { example() }
elsif ($what eq 'switches') { my $file = shift; my $section = shift // 'OPTIONS'; @ARGV = ($file); switches($section) }
else                        { die "documented.pl: what is \"$what\"?\n" }
