//! The Socket.IO edge: from packets to the engine's events, and back.

pub mod hub;
pub mod seam;
