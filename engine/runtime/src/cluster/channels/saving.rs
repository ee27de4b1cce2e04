//! What it saves that servers listen to the channels of their clients' rooms alone, counted in frames that arrive.
//!
//! `cargo test -p homeroom-runtime saving -- --nocapture` prints the table. Clients are on servers by chance, as a load
//! balancer places them. A class has thirty members, a conversation three, and a user one or two connections; frames go to
//! rooms by chance, each from a server by chance.

use std::collections::HashSet;

use bytes::Bytes;
use homeroom_store::MemoryHub;
use homeroom_store::bus::{Bus, BusLimits, Frames, MemoryBus};

use super::{SHARDS, of_shard, shard_of};

/// Frames that are sent in each case.
const FRAMES: u64 = 400;

/// A district of so many clients.
struct District {
    clients: u64,
    servers: u64,
    chance: Chance,
}

/// Numbers that are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Rooms, and the servers that have members of each.
type Rooms = Vec<(String, HashSet<u64>)>;

impl District {
    fn new(clients: u64, servers: u64) -> Self {
        Self { clients, servers, chance: Chance(7) }
    }

    /// Rooms of so many members each, of which all clients are members.
    fn rooms(&mut self, kind: &str, members: u64) -> Rooms {
        let room = |number| {
            let on = (0..members).map(|_| self.chance.below(self.servers)).collect();
            (format!("{kind}:{kind}-{number}"), on)
        };
        (0..self.clients / members).map(room).collect()
    }

    /// How many frames arrive in all if rooms share so many channels; `u64::MAX`: each has its own. And how many channels a
    /// server listens to.
    fn arriving(&mut self, rooms: &Rooms, shards: u64) -> (u64, u64) {
        let hub = MemoryHub::new();
        let mut servers: Vec<(MemoryBus, Frames)> = (0..self.servers).map(|_| hub.join(BusLimits::default())).collect();
        let channel =
            |room: &str| if shards == u64::MAX { room.to_owned() } else { of_shard("/n", shard_of(room, shards)) };
        let mut listened = HashSet::new();
        for (room, on) in rooms {
            for server in on {
                if listened.insert((*server, channel(room))) {
                    servers[usize::try_from(*server).expect("few")].0.subscribe(&channel(room));
                }
            }
        }
        for _ in 0..FRAMES {
            let (room, _) = &rooms[usize::try_from(self.chance.below(rooms.len() as u64)).expect("few")];
            let sender = usize::try_from(self.chance.below(self.servers)).expect("few");
            servers[sender].0.publish(&channel(room), Bytes::from_static(b"frame"));
        }
        for (_, frames) in &mut servers {
            while frames.try_next().is_some() {}
        }
        let received = servers.iter().map(|(bus, _)| bus.status().received).sum();
        (received, listened.len() as u64 / self.servers)
    }
}

#[test]
fn servers_hear_less_than_everything_and_all_that_is_for_them() {
    println!("frames that arrive, of those that would on one channel; in brackets: channels of a server");
    println!(
        "{:>7} {:>8} {:<13} {:>13} {:>13} {:>13} {:>13} {:>13}",
        "servers", "clients", "rooms", 128, 1024, 4096, 16384, "each its own"
    );
    for servers in [3, 10, 30] {
        for clients in [3_000, 30_000] {
            for (kind, members) in [("class", 30), ("conversation", 3), ("user", 1)] {
                let told = |shards| {
                    let mut district = District::new(clients, servers);
                    let rooms = district.rooms(kind, members);
                    district.arriving(&rooms, shards)
                };
                let (all, _) = told(1);
                assert_eq!(all, FRAMES * (servers - 1), "on one channel everyone hears everything");
                let each: Vec<(u64, u64)> = [128, 1024, 4096, 16_384, u64::MAX].map(told).to_vec();
                let cells = each.iter().map(|(heard, channels)| format!("{} % ({channels})", heard * 100 / all));
                let cells: Vec<String> = cells.map(|cell| format!("{cell:>13}")).collect();
                println!("{servers:>7} {clients:>8} {kind:<13} {}", cells.join(" "));
                assert!(
                    each.windows(2).all(|pair| pair[1].0 <= pair[0].0 + FRAMES / 10),
                    "more channels, fewer frames"
                );
                let (ours, _) = told(SHARDS);
                let (least, _) = each[4];
                assert!(least <= ours && ours <= all);
            }
        }
    }
}
