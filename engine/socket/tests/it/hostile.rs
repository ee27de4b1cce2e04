//! Clients that do everything that can be done wrong, and are gone at any moment. Whoever stays misses nothing, and nothing
//! of the others is left.
//!
//! `HOMEROOM_HOSTILE_SECONDS` has it go on for longer than a test, `HOMEROOM_HOSTILE_SEED` begin elsewhere; then it also
//! tells what memory it takes.

use std::time::{Duration, Instant};

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::Transport;
use homeroom_socket::settings::SocketSettings;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use crate::ends::{EVERYONE, message};
use crate::raw::{BINARY, CLOSE, PING, PONG, Raw, TEXT, frame};
use crate::stage::{PATIENCE, Stage, Start, quick};

/// How many there are at once.
const CROWD: u64 = 24;
const ROUNDS: u64 = 10;

/// Packets, most of them sound in some state of a session.
const PACKETS: [&str; 24] = [
    "40",
    "40{}",
    "40/room,",
    r#"40/room,{"token":"x"}"#,
    r#"40{"refuse":"NO"}"#,
    r#"40/room,{"wait":true}"#,
    "40/nowhere,",
    "41",
    "41/room,",
    r#"42["say",1]"#,
    r#"421["ask",{"a":[1,2]}]"#,
    r#"42/room,7["ask","é€𝄞"]"#,
    r#"42["ask""#,
    "42{}",
    "431[1]",
    r#"451-["say",{"_placeholder":true,"num":0}]"#,
    r#"452-/room,3["ask",{"_placeholder":true,"num":1}]"#,
    r#"450-["ask"]"#,
    r#"4599999999-["ask"]"#,
    "3",
    "1",
    "6",
    "2probe",
    "4",
];

/// Numbers that are the same for a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn bytes(&mut self, max: usize) -> Vec<u8> {
        (0..self.roll(max + 1)).map(|_| self.roll(256) as u8).collect()
    }

    fn packet(&mut self) -> &'static str {
        // Beginnings are likelier, so that more comes behind them.
        let few = self.roll(2) == 0;
        PACKETS[self.roll(if few { 4 } else { PACKETS.len() })]
    }

    /// Something that a client may, or may not, send.
    fn something(&mut self) -> Vec<u8> {
        match self.roll(16) {
            0..=6 => frame(TEXT, self.packet().as_bytes()),
            7 => frame(BINARY, &self.bytes(300)),
            8 => frame([PING, PONG][self.roll(2)], &self.bytes(125)),
            9 => self.in_pieces(),
            10 => frame(self.roll(256) as u8, &self.bytes(200)),
            11 => self.bytes(64),
            12 => self.spoilt(),
            13 => frame(TEXT, &[self.packet().as_bytes(), &self.bytes(8)].concat()),
            14 => frame(TEXT, format!(r#"42["say","{}"]"#, "x".repeat(self.roll(70_000))).as_bytes()),
            _ => frame(CLOSE, &self.bytes(4)),
        }
    }

    fn in_pieces(&mut self) -> Vec<u8> {
        let packet = self.packet().as_bytes();
        let cut = self.roll(packet.len() + 1);
        [frame(0x01, &packet[..cut]), frame(PING, b""), frame(0x80, &packet[cut..])].concat()
    }

    fn spoilt(&mut self) -> Vec<u8> {
        let mut whole = frame(TEXT, self.packet().as_bytes());
        let place = self.roll(whole.len());
        whole[place] ^= 1 << self.roll(8);
        whole
    }
}

/// One client, from its beginning to some end.
async fn misbehave(mut client: Raw, mut dice: Dice) {
    let reads = dice.roll(4) != 0;
    if dice.roll(3) != 0 {
        client.send(&frame(TEXT, ["40", "40/room,"][dice.roll(2)].as_bytes())).await;
    }
    for _ in 0..dice.roll(12) {
        let bytes = dice.something();
        let cut = if dice.roll(4) == 0 { dice.roll(bytes.len() + 1) } else { bytes.len() };
        client.send(&bytes[..cut]).await;
        if cut > 0 && dice.roll(4) == 0 {
            tokio::task::yield_now().await;
            client.send(&bytes[cut..]).await;
        }
        let mut heard = [0; 4096];
        while reads && client.stream.try_read(&mut heard).is_ok_and(|read| read > 0) {}
        if dice.roll(8) == 0 {
            tokio::time::sleep(Duration::from_millis(dice.roll(20) as u64)).await;
        }
    }
    match dice.roll(4) {
        // The server has still to say something to its half.
        0 => drop(client.stream.shutdown().await),
        1 => client.send(&frame(CLOSE, b"")).await,
        _ => return,
    }
    let _ = tokio::time::timeout(Duration::from_millis(300), client.rest()).await;
}

/// As long as it is asked to go on, if it is.
fn asked() -> Option<Duration> {
    let seconds = std::env::var("HOMEROOM_HOSTILE_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().expect("it is a number of seconds")))
}

pub(crate) async fn the_hostile_leave_nothing_behind(start: Start) {
    let seed = std::env::var("HOMEROOM_HOSTILE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let settings = SocketSettings {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(1),
        message_bytes_max: 50_000,
        ..quick()
    };
    let stage = start(settings, HubLimits::default());
    let mut stays = Raw::open(stage.address).await;
    stays.send(&frame(TEXT, b"40/room,")).await;
    assert!(stays.text().await.starts_with("40/room,{"));
    stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;

    let (begun, asked) = (Instant::now(), asked());
    let tasks = Handle::current().metrics().num_alive_tasks();
    let (mut round, mut ends, mut told) = (0, 0, begun);
    while asked.map_or(round < ROUNDS, |asked| begun.elapsed() < asked) {
        round += 1;
        let mut clients = Vec::new();
        for number in 0..CROWD {
            let client = Raw::open(stage.address).await;
            let dice = Dice((seed << 40 | round << 8 | number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
            clients.push(tokio::spawn(misbehave(client, dice)));
        }
        stage.hub.broadcast("/room", EVERYONE, &message("round", &round.to_string()), false);
        assert_eq!(stays.text_but("said").await, format!(r#"42/room,["round",{round}]"#), "seed {seed}");
        for client in clients {
            client.await.unwrap_or_else(|_| panic!("in round {round} of seed {seed}"));
        }
        ends += all_have_gone(&stage, tasks, &format!("round {round} of seed {seed}")).await;
        if asked.is_some() && told.elapsed() > Duration::from_secs(15) {
            told = Instant::now();
            println!("{} s: {round} rounds, {ends} sessions ended, {} KiB", begun.elapsed().as_secs(), memory_kib());
        }
    }
    assert!(ends > 0 && stage.hub.count("/room") == 1 && stage.hub.len() == 1);
}

/// Waits until nothing of them is left, and forgets what was told of them; yields how many ends there were.
async fn all_have_gone(stage: &Stage, tasks: usize, round: &str) -> usize {
    let gone = async {
        while stage.hub.len() > 1 || Handle::current().metrics().num_alive_tasks() > tasks {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let left = || (stage.hub.len(), Handle::current().metrics().num_alive_tasks(), tasks);
    tokio::time::timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("{:?} are left of {round}", left()));
    stage.engine.forget_the_gone(round)
}

fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
