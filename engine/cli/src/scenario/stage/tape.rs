//! Someone's wire: what comes is written down.

use std::collections::VecDeque;

use homeroom_socket::seam::{Full, Packet, Wire};
use parking_lot::Mutex;
use serde_json::{Map, Value};

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
    /// The positions that it was told last, by room.
    pub positions: Mutex<Map<String, Value>>,
}

/// Under this name stands what a client keeps of itself, beside its positions.
const OWN: &str = "<self>";

impl Tape {
    /// Takes over the positions that come as a further argument, or in an answer.
    fn note(&self, args: &[Value], is_answer: bool) {
        let mut told = Vec::new();
        args.iter().for_each(|arg| answered(arg, &mut told));
        if let (false, [_, .., Value::Object(last)]) = (is_answer, args) {
            told.push(last);
        }
        let mut positions = self.positions.lock();
        for (room, position) in told.into_iter().flatten().filter(|(_, position)| position.is_string()) {
            positions.insert(room.clone(), position.clone());
        }
    }
}

/// The positions in an answer, wherever they stand in it.
fn answered<'v>(value: &'v Value, told: &mut Vec<&'v Map<String, Value>>) {
    match value {
        Value::Object(map) if map.contains_key(OWN) => told.push(map),
        Value::Object(map) => map.values().for_each(|value| answered(value, told)),
        Value::Array(items) => items.iter().for_each(|item| answered(item, told)),
        _ => {}
    }
}

impl Wire for Tape {
    fn send(&self, packet: Packet<'_>) -> Result<(), Full> {
        match packet {
            Packet::Event { message, .. } => {
                let received = Received { event: message.event.to_string(), args: values(message.args.text()) };
                self.note(&received.args, false);
                self.events.lock().push_back(received);
            }
            Packet::Ack { id, args } => {
                let args = values(args.text());
                self.note(&args, true);
                self.acks.lock().push((id, args));
            }
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
