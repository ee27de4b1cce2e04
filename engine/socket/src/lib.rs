//! The Socket.IO edge: from packets to the engine's events, and back.
//!
//! * [`seam`]: the traits between the engine and whatever carries its packets.
//! * [`hub`]: this server's connections and rooms.
//! * [`edge`]: the routes, and the transports behind them: one of our own, and one on socketioxide for clients that poll;
//!   [`link`] and [`listen`] are the TCP below them.
//! * [`incoming`], [`outgoing`]: the engine's side of the seam.

pub mod edge;
mod filled;
mod front;
mod guest;
mod handshakes;
mod house;
pub mod hub;
pub mod incoming;
pub mod link;
pub mod listen;
mod native;
pub mod outgoing;
mod oxide;
pub mod seam;
pub mod settings;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use self::native::fuzzing::connection as fuzz_connection;
