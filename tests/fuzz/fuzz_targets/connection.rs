//! The bytes of a client's connection, in pieces: the first byte says how many, as many say how long each is.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((count, rest)) = input.split_first() else { return };
    let (cuts, bytes) = rest.split_at(usize::from(count % 16).min(rest.len()));
    homeroom_socket::fuzz_connection(bytes, cuts);
});
