//! One POST: signed, without redirects, bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use homeroom_runtime::webhooks::{SIGNATURE_HEADER, now_seconds, signature};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::WebhookSettings;
use super::resolve::{Public, is_public};
use crate::identity::causes;
use crate::settings::auth::is_loopback;

/// Why nothing came of a POST.
pub(super) enum Failed {
    /// Nobody answered, or with a 5xx.
    Nobody(String),
    /// The service will not, or answers too much.
    Refused(String),
}

pub(super) struct Post {
    client: Client,
    url: Url,
    secret: String,
    answer_bytes_max: usize,
}

impl Failed {
    /// Whether another attempt could fare better.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Nobody(_))
    }

    pub(super) fn why(self) -> String {
        let (Self::Nobody(why) | Self::Refused(why)) = self;
        why
    }
}

impl Post {
    pub(super) fn new(settings: &WebhookSettings) -> Result<Self, String> {
        let url = service(settings)?;
        let is_here = is_loopback(&url);
        let mut client =
            Client::builder().redirect(Policy::none()).https_only(!is_here).no_proxy().user_agent("homeroom");
        if !is_here && !settings.allow_private {
            client = client.dns_resolver(Arc::new(Public));
        }
        let client = client.build().map_err(|error| format!("webhooks cannot be sent: {error}"))?;
        Ok(Self { client, url, secret: settings.secret.clone(), answer_bytes_max: settings.answer_bytes_max })
    }

    pub(super) async fn send(&self, path: &str, body: &[u8], within: Duration) -> Result<Vec<u8>, Failed> {
        let nobody = |error: reqwest::Error| Failed::Nobody(causes(&error.without_url()));
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{path}", self.url.path().trim_end_matches('/')));
        let posted = self
            .client
            .post(url)
            .timeout(within)
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE_HEADER, signature(&self.secret, now_seconds(), body))
            .body(body.to_vec());
        let mut answer = posted.send().await.map_err(nobody)?;
        match answer.status().as_u16() {
            204 => return Ok(Vec::new()),
            200 => {}
            status @ (429 | 500..) => return Err(Failed::Nobody(format!("it answers {status}"))),
            status => return Err(Failed::Refused(format!("it answers {status}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(nobody)? {
            if body.len() + chunk.len() > self.answer_bytes_max {
                return Err(Failed::Refused(format!("it answers with more than {} bytes", self.answer_bytes_max)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The URL of the service, if webhooks may go there: by https, or on this machine; and to no private address unless that is
/// allowed.
///
/// # Errors
/// Why not.
pub(crate) fn service(settings: &WebhookSettings) -> Result<Url, String> {
    let url = Url::parse(&settings.url).map_err(|error| error.to_string())?;
    let is_here = is_loopback(&url);
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        _ => return Err("webhooks go by `https:`, or by `http:` to this machine".to_owned()),
    }
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    match literal {
        Some(address) if !is_here && !settings.allow_private && !is_public(address) => {
            Err("this is a private address".to_owned())
        }
        _ => Ok(url),
    }
}
