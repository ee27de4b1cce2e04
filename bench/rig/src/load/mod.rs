//! Clients: many WebSockets on one thread, as cheap as they can be, so that one core offers more than another can take.

mod client;
mod frame;
mod packet;
mod swarm;

pub(crate) use client::{Client, Person};
pub(crate) use packet::Packet;
pub(crate) use swarm::{Pause, Scene, Swarm, idle};
