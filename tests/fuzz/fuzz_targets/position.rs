//! A position in a room's history, as clients hand it in.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| homeroom_runtime::fuzzing::position(input));
