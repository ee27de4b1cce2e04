//! The Socket.IO edge: from packets to the engine's events, and back.
//!
//! * [`seam`]: the traits between the engine and whatever carries its packets.
//! * [`hub`]: this server's connections and rooms.
//! * [`oxide`]: the transport on socketioxide; [`link`] and [`listen`] are the TCP below it.
//! * [`incoming`], [`outgoing`]: the engine's side of the seam.

pub mod hub;
pub mod incoming;
pub mod link;
pub mod listen;
pub mod outgoing;
pub mod oxide;
pub mod seam;
pub mod settings;
