//! The engine from outside: definitions in, a recording edge behind it, and a clock that is turned by hand.

mod cluster;
mod connections;
mod decisions;
mod events;
mod explain;
mod history;
mod house;
mod limits;
mod time;
mod trust;
