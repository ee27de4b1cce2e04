//! Fetching a key set: bounded in time and size, and from nowhere but the URL that was given.

use std::future::Future;
use std::pin::Pin;

use reqwest::redirect::Policy;

use crate::settings::JwksSettings;
use crate::settings::auth::is_loopback;

/// How many bytes a key set may have.
pub(super) const BYTES_MAX: usize = 256 * 1024;

/// What came, or why nothing did.
pub(super) type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;

/// Where key sets come from.
pub(super) trait Source: Send + Sync {
    /// The set as it is now.
    fn fetch(&self) -> Fetching<'_>;
}

/// A URL.
pub(super) struct Http {
    client: reqwest::Client,
    url: String,
}

impl Http {
    /// # Errors
    /// If the URL is none, or TLS cannot be had.
    pub(super) fn new(settings: &JwksSettings) -> Result<Self, String> {
        let url = reqwest::Url::parse(&settings.url).map_err(|error| error.to_string())?;
        let mut client = reqwest::Client::builder()
            .timeout(settings.timeout)
            .redirect(Policy::none())
            .https_only(!is_loopback(&url))
            .user_agent("homeroom");
        if is_loopback(&url) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| format!("key sets cannot be asked for: {error}"))?;
        Ok(Self { client, url: url.into() })
    }

    async fn get(&self) -> Result<Vec<u8>, String> {
        let told = |error: reqwest::Error| causes(&error.without_url());
        let mut answer = self.client.get(&self.url).send().await.map_err(told)?;
        if answer.status().as_u16() != 200 {
            return Err(format!("it answers {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            if body.len() + chunk.len() > BYTES_MAX {
                return Err(format!("it answers with more than {BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl Source for Http {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(self.get())
    }
}

/// What it comes down to that a request failed.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
