//! Whose tokens are accepted, and by which keys.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use homeroom_definition::{Diagnostic, Diagnostics, Many, Text, did_you_mean, parse_duration};
use jsonwebtoken::{Algorithm, AlgorithmFamily};

use super::file::{AuthSection, IssuerSection, SettingsFile};
use super::{Claims, DEVELOPMENT_SECRET};
use crate::codes;
use crate::identity::keys;

/// What HS256 asks of a secret, in bytes; a shorter one is guessed from one token.
const SECRET_BYTES_MIN: usize = 32;

/// The algorithms that there are, by their names.
const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("HS256", Algorithm::HS256),
    ("HS384", Algorithm::HS384),
    ("HS512", Algorithm::HS512),
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// How tokens are verified. Its `Debug` has no secret.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Whose tokens are accepted; of several, each has a name.
    pub issuers: Vec<Issuer>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Whether nothing is set, so that the development secret is used, on loopback only.
    pub is_development: bool,
}

impl Auth {
    /// The first of those whose tokens can be made here, since they are signed with a secret.
    #[must_use]
    pub fn minting(&self) -> Option<(&Issuer, &str)> {
        self.issuers.iter().find_map(|issuer| match &issuer.keys {
            Keys::Secret(secret) => Some((issuer, secret.as_str())),
            Keys::Pem(_) | Keys::PemFile(_) | Keys::Jwks(_) => None,
        })
    }

    /// Everything that is secret, to see whether it has changed.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().filter_map(|issuer| match &issuer.keys {
            Keys::Secret(secret) => Some(secret.as_str()),
            Keys::Pem(_) | Keys::PemFile(_) | Keys::Jwks(_) => None,
        })
    }
}

/// Somebody whose tokens are accepted.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// What `iss` must be.
    pub name: Option<String>,
    /// What `aud` must have.
    pub audience: Option<String>,
    /// How tokens may be signed; all of a kind that the keys are of.
    pub algorithms: Vec<Algorithm>,
    /// What they are verified by.
    pub keys: Keys,
    /// How `user` is made of their claims.
    pub claims: Claims,
}

/// What tokens are verified by.
#[derive(Clone, PartialEq, Eq)]
pub enum Keys {
    /// A secret.
    Secret(String),
    /// Public keys as PEM.
    Pem(String),
    /// A file of them.
    PemFile(PathBuf),
    /// Public keys behind a URL.
    Jwks(JwksSettings),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret(***)"),
            Self::Pem(text) => f.debug_tuple("Pem").field(text).finish(),
            Self::PemFile(path) => f.debug_tuple("PemFile").field(path).finish(),
            Self::Jwks(settings) => settings.fmt(f),
        }
    }
}

/// Where public keys are, and how they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksSettings {
    /// `https:`, or `http:` on this machine.
    pub url: String,
    /// How long keys are used before they are asked for again.
    pub refresh: Duration,
    /// How soon they may be asked for again.
    pub retry: Duration,
    /// How long keys are used at most, when nobody answers.
    pub stale: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl JwksSettings {
    /// Those of a URL, with the times that are usual.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            refresh: Duration::from_secs(600),
            retry: Duration::from_secs(30),
            stale: Duration::from_secs(3600),
            timeout: Duration::from_secs(5),
        }
    }
}

/// What a section says of its keys.
struct Written<'f> {
    algorithm: &'f Many<Text>,
    secret: Option<&'f Text>,
    public_key: Option<&'f Text>,
    public_key_file: Option<&'f Text>,
    jwks: Option<&'f Text>,
    jwks_times: [Option<&'f Text>; 4],
}

macro_rules! written {
    ($section:expr) => {{
        let section = $section;
        let set = |text: &'_ &Text| !text.value.is_empty();
        Written {
            algorithm: &section.algorithm,
            secret: section.secret.as_ref().filter(set),
            public_key: section.public_key.as_ref().filter(set),
            public_key_file: section.public_key_file.as_ref().filter(set),
            jwks: section.jwks.as_ref().filter(set),
            jwks_times: [&section.jwks_refresh, &section.jwks_retry, &section.jwks_stale, &section.jwks_timeout]
                .map(Option::as_ref),
        }
    }};
}

/// Reads whose tokens are accepted.
pub(super) fn read(file: &SettingsFile, claims: &Claims, diagnostics: &mut Diagnostics) -> Auth {
    let mut reading = Reading { diagnostics };
    let mut leeway = Duration::from_secs(5);
    let mut issuers = Vec::new();
    if let Some(section) = &file.auth {
        reading.duration(section.leeway.as_ref(), &mut leeway);
        issuers.extend(reading.own(section, claims, !file.issuers.is_empty()));
    }
    issuers.extend(file.issuers.iter().filter_map(|section| reading.other(section, claims)));
    reading.tell_twins(file);
    let is_development = issuers.is_empty();
    if is_development {
        issuers.push(development(file.auth.as_ref(), claims));
    }
    Auth { issuers, leeway, is_development }
}

/// Who is accepted where nothing is set.
fn development(section: Option<&AuthSection>, claims: &Claims) -> Issuer {
    let text = |pick: fn(&AuthSection) -> &Option<Text>| {
        section.and_then(|section| pick(section).as_ref()).map(|text| text.value.clone())
    };
    Issuer {
        name: text(|section| &section.issuer),
        audience: text(|section| &section.audience),
        algorithms: vec![Algorithm::HS256],
        keys: Keys::Secret(DEVELOPMENT_SECRET.to_owned()),
        claims: claims.clone(),
    }
}

struct Reading<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Reading<'_> {
    /// The one of `auth:`, unless it names no key.
    fn own(&mut self, section: &AuthSection, claims: &Claims, is_one_of_several: bool) -> Option<Issuer> {
        let (algorithms, keys) = self.keys(&written!(section))?;
        if is_one_of_several && section.issuer.is_none() {
            let told = Diagnostic::error(codes::BAD_SETTING, section.span, "whose tokens these are is not said");
            self.diagnostics.push(told.help("where there are `issuers:`, `auth:` needs an `issuer:` too"));
        }
        Some(Issuer {
            name: section.issuer.as_ref().map(|text| text.value.clone()),
            audience: section.audience.as_ref().map(|text| text.value.clone()),
            algorithms,
            keys,
            claims: claims.clone(),
        })
    }

    fn other(&mut self, section: &IssuerSection, claims: &Claims) -> Option<Issuer> {
        let written = written!(section);
        let has_keys =
            [written.secret, written.public_key, written.public_key_file, written.jwks].iter().any(Option::is_some);
        if !has_keys {
            self.wrong(
                &section.issuer,
                "this issuer has no keys",
                "add `jwks:`, `public_key:`, `public_key_file:` or `secret:`",
            );
        }
        self.tell_unknown(section, claims);
        let (algorithms, keys) = self.keys(&written)?;
        let named = section.claims.iter().map(|(property, claim)| (property.value.as_str(), claim.value.as_str()));
        let fixed = section.fixed.iter().map(|(property, value)| (property.value.as_str(), value.to_json()));
        Some(Issuer {
            name: Some(section.issuer.value.clone()),
            audience: section.audience.as_ref().map(|text| text.value.clone()),
            algorithms,
            keys,
            claims: claims.clone().with(named, fixed),
        })
    }

    fn tell_unknown(&mut self, section: &IssuerSection, claims: &Claims) {
        let names = section.claims.iter().map(|(name, _)| name).chain(section.fixed.iter().map(|(name, _)| name));
        for name in names.filter(|name| !claims.has(&name.value)) {
            let hint = did_you_mean(&name.value, claims.properties())
                .unwrap_or_else(|| "`identity:` says what a user has".into());
            self.wrong(name, "a user has no such property", &hint);
        }
    }

    fn tell_twins(&mut self, file: &SettingsFile) {
        let own = file.auth.iter().filter_map(|auth| auth.issuer.as_ref());
        let names: Vec<&Text> = own.chain(file.issuers.iter().map(|issuer| &issuer.issuer)).collect();
        for (at, name) in names.iter().enumerate() {
            if names[..at].iter().any(|before| before.value == name.value) {
                self.wrong(name, "this issuer is there twice", "its tokens are told by this name; keep one");
            }
        }
    }

    /// The keys of a section, and the algorithms they are for; `None` if it names none, or the development secret.
    fn keys(&mut self, written: &Written<'_>) -> Option<(Vec<Algorithm>, Keys)> {
        let all = [written.secret, written.public_key, written.public_key_file, written.jwks];
        let mut set = all.into_iter().flatten();
        let Some(first) = set.next() else {
            // Told all the same if they are wrong.
            written.algorithm.iter().for_each(|name| _ = self.algorithm(name, true));
            return None;
        };
        if let Some(second) = set.next() {
            let help = "set one of `secret`, `public_key`, `public_key_file` and `jwks`";
            self.wrong(second, "these keys stand beside others, and tokens are verified by one of them alone", help);
        }
        let keys = match () {
            () if written.secret.is_some() => Keys::Secret(self.secret(first)?),
            () if written.public_key.is_some() => self.pem(first)?,
            () if written.public_key_file.is_some() => Keys::PemFile(first.value.clone().into()),
            () => Keys::Jwks(self.jwks(first, &written.jwks_times)?),
        };
        let is_secret = matches!(keys, Keys::Secret(_));
        Some((self.algorithms(written.algorithm, is_secret, first), keys))
    }

    fn algorithms(&mut self, written: &Many<Text>, is_secret: bool, keys: &Text) -> Vec<Algorithm> {
        if written.is_empty() {
            if !is_secret {
                self.wrong(keys, "how tokens are signed is not said", "add `algorithm:`, such as `algorithm: RS256`");
            }
            return vec![Algorithm::HS256];
        }
        written.iter().filter_map(|name| self.algorithm(name, is_secret)).collect()
    }

    fn algorithm(&mut self, name: &Text, is_secret: bool) -> Option<Algorithm> {
        let Some((_, algorithm)) = ALGORITHMS.iter().find(|(known, _)| *known == name.value) else {
            let names: Vec<String> = ALGORITHMS.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.wrong(name, "tokens of this algorithm cannot be verified", &format!("there is {}", names.join(", ")));
            return None;
        };
        match (algorithm.family() == AlgorithmFamily::Hmac, is_secret) {
            (true, false) => {
                self.wrong(name, "this algorithm is for a secret", "public keys go with `RS256`, `ES256` and others");
            }
            (false, true) => {
                self.wrong(name, "this algorithm is for public keys", "a secret goes with `HS256`, `HS384`, `HS512`");
            }
            _ => return Some(*algorithm),
        }
        None
    }

    /// The secret, unless everybody knows it: then it is as if none were set, and only loopback is served.
    fn secret(&mut self, secret: &Text) -> Option<String> {
        if secret.value == DEVELOPMENT_SECRET {
            let help = "only this machine is served with it";
            self.doubt(secret, "this is the development secret, which everybody knows", help);
            return None;
        }
        if secret.value.len() < SECRET_BYTES_MIN {
            let message = format!("a secret of {} bytes can be guessed from one token", secret.value.len());
            self.doubt(secret, &message, "use 32 bytes or more, such as from `openssl rand -hex 32`");
        }
        Some(secret.value.clone())
    }

    fn pem(&mut self, written: &Text) -> Option<Keys> {
        if let Err(error) = keys::of_pem(&written.value) {
            self.wrong(written, &error, "a public key is made by `openssl pkey -in private.pem -pubout`");
            return None;
        }
        Some(Keys::Pem(written.value.clone()))
    }

    fn jwks(&mut self, url: &Text, times: &[Option<&Text>; 4]) -> Option<JwksSettings> {
        let mut settings = JwksSettings::new(&url.value);
        let into = [&mut settings.refresh, &mut settings.retry, &mut settings.stale, &mut settings.timeout];
        for (written, into) in times.iter().zip(into) {
            self.duration(*written, into);
        }
        if !is_safe(&url.value) {
            let help = "`https://...`; `http://` is for this machine alone, since whoever is between could put in keys";
            self.wrong(url, "keys cannot be had from here", help);
            return None;
        }
        if settings.stale < settings.refresh {
            let help = "`jwks_stale` is `jwks_refresh` or longer";
            self.wrong(url, "its keys would be thrown away before they are asked for again", help);
        }
        Some(settings)
    }

    fn duration(&mut self, written: Option<&Text>, into: &mut Duration) {
        if let Some(duration) = written.and_then(|text| self.diagnostics.keep(parse_duration(text))) {
            *into = duration;
        }
    }

    fn wrong(&mut self, at: &Text, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::error(codes::BAD_SETTING, at.span, message).help(help));
    }

    fn doubt(&mut self, at: &Text, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::warning(codes::DOUBTFUL_SETTING, at.span, message).help(help));
    }
}

/// Whether nobody between can change what comes from a URL.
fn is_safe(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        _ => false,
    }
}

/// Whether a URL is of this machine.
pub(crate) fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for safe in [
            "https://login.example.org/keys",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
            "http://localhost/keys",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in [
            "http://login.example.org/keys",
            "http://127.0.0.1.example.org/keys",
            "http://localhost.example.org/",
            "http://localhost@example.org/",
            "http://10.0.0.1/keys",
            "file:///etc/keys.json",
            "ftp://127.0.0.1/keys",
            "login.example.org/keys",
            "https://",
            "",
        ] {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }
}
