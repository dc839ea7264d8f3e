#!/bin/sh
# Makes the spoken test fixtures again: tests/fixtures/*.wav, 16 kHz s16le mono.
# Needs flite and sox (Debian packages). The WAVs are committed, so only a change of wording needs this; flite adds
# randomness, so the files differ a little from run to run.
set -eu
cd "$(dirname "$0")/../tests/fixtures"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# speak VOICE TEXT FILE: at -6 dB, over a noise floor at -60 dB, like that of a quiet room.
speak() {
    flite -voice "$1" -t "$2" -o "$work/said.wav"
    sox "$work/said.wav" -r 16000 -c 1 -b 16 "$3" norm -6
}
room() { # room IN OUT PAD_BEFORE_S PAD_AFTER_S
    sox "$1" "$work/padded.wav" pad "$3" "$4"
    noise "$(soxi -D "$work/padded.wav")" 0.001 "$work/floor.wav"
    sox -R -m -v 1 "$work/padded.wav" -v 1 "$work/floor.wav" -b 16 "$2"
}
noise() { # noise SECONDS AMPLITUDE OUT; -R repeats the same random numbers
    sox -R -n -r 16000 -c 1 -b 16 "$3" synth "$1" pinknoise vol "$2"
}

speak rms "Hello Luna, tell me a story about the ocean." "$work/hello.wav"
room "$work/hello.wav" hello_luna.wav 0.4 0.8

speak rms "Rex, what do you think about the weather today?" "$work/rex.wav"
room "$work/rex.wav" question_rex.wav 0.4 0.8

speak awb "Sage, what is the meaning of life?" "$work/sage.wav"
room "$work/sage.wav" question_sage.wav 0.4 0.8

speak rms "Good morning." "$work/first.wav"
speak rms "Luna, tell me a story." "$work/second.wav"
sox "$work/first.wav" "$work/gap.wav" pad 0 1.2 # 1.4 s with the quiet ends of the voice
sox "$work/gap.wav" "$work/second.wav" "$work/two.wav"
room "$work/two.wav" two_utterances.wav 0.3 0.1

speak rms "Ilsa, tell me a story." "$work/ilse.wav"
room "$work/ilse.wav" story_ilse.wav 0.4 0.5

speak awb "Maeve, tell me a story." "$work/maeve.wav"
room "$work/maeve.wav" story_maeve.wav 0.4 0.5

speak awb "Stop." stop.wav

noise 4 0.02 silence_noise.wav
