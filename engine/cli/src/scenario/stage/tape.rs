//! Someone's wire: what comes is written down.

use std::collections::VecDeque;

use homeroom_socket::seam::{Full, Packet, Wire};
use parking_lot::Mutex;
use serde_json::Value;

/// An event that came to somebody.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its name.
    pub event: String,
    /// Its arguments.
    pub args: Vec<Value>,
}

/// Someone's wire: what came, and the answers.
#[derive(Default)]
pub struct Tape {
    /// Events that came and were not looked at yet.
    pub events: Mutex<VecDeque<Received>>,
    /// Answers, by the number they were asked for with.
    pub acks: Mutex<Vec<(u64, Vec<Value>)>>,
    /// Whether the engine ended the connection.
    pub ended: Mutex<bool>,
}

impl Wire for Tape {
    fn send(&self, packet: Packet<'_>) -> Result<(), Full> {
        match packet {
            Packet::Event { message, .. } => {
                let received = Received { event: message.event.to_string(), args: values(message.args.text()) };
                self.events.lock().push_back(received);
            }
            Packet::Ack { id, args } => self.acks.lock().push((id, values(args.text()))),
        }
        Ok(())
    }

    fn disconnect(&self) {
        *self.ended.lock() = true;
    }

    fn kill(&self) {
        *self.ended.lock() = true;
    }
}

fn values(text: &str) -> Vec<Value> {
    serde_json::from_str(&format!("[{text}]")).unwrap_or_default()
}
