//! A frame of the bus, as other servers send it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| homeroom_runtime::fuzzing::frame(input));
