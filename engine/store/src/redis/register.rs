//! Which servers there are, and what each says of itself: for those who operate them, and for nothing else.
//!
//! One hash holds it all, in one slot of a cluster. What a server says holds for as long as it asked for, by the clock of
//! Redis, and the key ends with the last of it.

use std::time::Duration;

use super::Redis;
use super::script::scripts;
use crate::StoreError;

scripts! {
    ANNOUNCE = "time.lua" "announce.lua";
    ANNOUNCED = "time.lua" "announced.lua";
    UNANNOUNCE = "time.lua" "unannounce.lua";
    LEASES = "time.lua" "leases.lua";
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The server.
    pub server: String,
    /// What it says; whoever can write to Redis can have written it.
    pub text: String,
    /// Until when that holds, in milliseconds since the Unix epoch by the clock of Redis.
    pub until_ms: i64,
}

/// Leases under which servers tell who is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leases {
    /// Those that have not ended.
    pub alive: usize,
    /// Those that have, and that no other server has taken care of yet.
    pub over: usize,
}

impl Redis {
    /// Says something of a server, in place of what it said before, for so long. Yields how many servers say something.
    ///
    /// # Errors
    /// If Redis cannot be asked.
    pub async fn announce(&self, server: &str, text: &str, lasts: Duration) -> Result<usize, StoreError> {
        let lasts = lasts.as_millis().max(1).to_string();
        let servers = self.run(&ANNOUNCE, &[&self.register_key()], &[server, text, &lasts]).await?.int()?;
        Ok(usize::try_from(servers).unwrap_or(0))
    }

    /// A server says nothing more.
    ///
    /// # Errors
    /// If Redis cannot be asked.
    pub async fn unannounce(&self, server: &str) -> Result<(), StoreError> {
        self.run(&UNANNOUNCE, &[&self.register_key()], &[server]).await.map(drop)
    }

    /// What all servers say of themselves.
    ///
    /// # Errors
    /// If Redis cannot be asked.
    pub async fn announced(&self) -> Result<Vec<Announced>, StoreError> {
        let mut reply = self.run(&ANNOUNCED, &[&self.register_key()], &[]).await?;
        let mut all = Vec::new();
        while !reply.is_empty() {
            all.push(Announced { server: reply.text()?, until_ms: reply.int()?, text: reply.text()? });
        }
        Ok(all)
    }

    /// The leases of presence.
    ///
    /// # Errors
    /// If Redis cannot be asked.
    pub async fn leases(&self) -> Result<Leases, StoreError> {
        let mut reply = self.run(&LEASES, &[&self.bare("homeroom:servers")], &[]).await?;
        let mut count = || Ok::<_, StoreError>(usize::try_from(reply.int()?).unwrap_or(0));
        Ok(Leases { alive: count()?, over: count()? })
    }

    fn register_key(&self) -> String {
        self.bare("homeroom:register")
    }
}
