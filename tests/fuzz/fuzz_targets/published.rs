//! A message that another service published.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| homeroom_runtime::fuzzing::published(input));
