//! An expression of a definition.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| homeroom_plan::expr::fuzzing::expression(input));
