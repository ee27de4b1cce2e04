//! The text of an event, as the dispatch reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| homeroom_runtime::fuzzing::event(input));
