//! Finds out how things are: asks, measures, and changes nothing.

mod database;
mod redis;
mod servers;

use homeroom_runtime::ClusterKey;
use homeroom_store::redis::Redis;

use super::facts::{Facts, ServersFacts, SettingsFacts};
use crate::load::Loaded;
use crate::server::card::files_max;
use crate::settings::{Settings, Shared};

/// All there is to find out. `urls`: servers to ask; `keys_max`: how many keys are looked at on each Redis server.
pub(super) async fn facts(loaded: &Loaded, urls: &[String], keys_max: usize) -> Facts {
    let mut facts = Facts { settings: mistakes(loaded), files_max: files_max(), ..Facts::default() };
    let Some(settings) = &loaded.settings else { return facts };
    facts.settings = of_settings(settings, facts.settings);
    facts.database = database::facts(loaded, settings).await;
    if let Some(shared) = &settings.redis {
        let (redis, cards) = shared_facts(settings, shared, keys_max).await;
        facts.redis = Some(redis);
        facts.servers.cards = cards;
    }
    let asked = servers::asked(urls).await;
    facts.servers = ServersFacts { asked, ..facts.servers };
    facts
}

async fn shared_facts(
    settings: &Settings,
    shared: &Shared,
    keys_max: usize,
) -> (super::RedisFacts, Vec<super::CardFacts>) {
    let mut facts = redis::unasked(shared);
    let Ok(redis) = Redis::new(shared.redis.clone()) else {
        facts.unreachable = Some("its address is no address".into());
        return (facts, Vec::new());
    };
    let key = ClusterKey::of(shared.known_by(&settings.auth));
    let asked = async {
        redis::ask(&redis, shared, keys_max, &mut facts).await?;
        servers::cards(&redis, &key).await
    };
    match asked.await {
        Ok(cards) => (facts, cards),
        Err(error) => {
            facts.unreachable = Some(redis::cause(&error));
            (facts, Vec::new())
        }
    }
}

fn mistakes(loaded: &Loaded) -> SettingsFacts {
    let errors = loaded.diagnostics.iter().filter(|told| told.is_error());
    let first_mistake = errors.clone().next().map(|told| told.message.clone()).unwrap_or_default();
    let digest = loaded.plan.as_ref().map(|plan| plan.digest.clone());
    SettingsFacts { mistakes: errors.count(), first_mistake, digest, ..SettingsFacts::default() }
}

fn of_settings(settings: &Settings, known: SettingsFacts) -> SettingsFacts {
    let shared = settings.redis.as_ref();
    SettingsFacts {
        has_secret: !settings.auth.is_development,
        is_loopback: settings.listen.ip().is_loopback(),
        is_shared: shared.is_some(),
        shares_state: shared.is_some_and(|shared| shared.state),
        polling: settings.socket.polling,
        connections_max: settings.socket.connections_max,
        event_timeout: settings.limits.event_timeout,
        call_timeout: shared.map(|shared| shared.redis.call_timeout).unwrap_or_default(),
        acquire_timeout: settings.sql.acquire_timeout,
        statement_timeout: settings.sql.statement_timeout,
        lease: shared.map(|shared| millis(shared.presence.lease_ms)).unwrap_or_default(),
        leeway: settings.auth.leeway,
        pool: settings.sql.connections_max,
        ..known
    }
}

fn millis(ms: i64) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// A URL without its user, password and query.
fn masked(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    let (before, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    // A password may have any sign in it that was forgotten to be encoded; what follows the last `@` is the host.
    let host = if rest.contains('@') { rest.rsplit('@').next().unwrap_or("") } else { before };
    let path = path.filter(|_| !rest.contains('@'));
    let path = path.map_or(String::new(), |path| format!("/{path}"));
    if scheme.is_empty() { format!("{host}{path}") } else { format!("{scheme}://{host}{path}") }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn no_password_is_left_in_a_url() {
        for (url, shown) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://ann:hush@h:1/x?key=hush", "http://h:1/x"),
            ("postgres://ann:hu/s@h@db/town", "postgres://db/town"),
            ("sqlite:town.db?mode=ro", "sqlite:town.db"),
            ("sqlite:///var/town.db", "sqlite:///var/town.db"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
