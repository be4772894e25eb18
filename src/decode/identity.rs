//! Who made a call: the stable principal and what an incident is searched by.
//!
//! Enters: `userIdentity`. Leaves: [`Identity`].

use std::borrow::Cow;

use super::json::Value;

/// What EC2's own sessions are called, one for each instance.
const EC2_INFRASTRUCTURE: &str = "role/aws:ec2-infrastructure";

/// The facts of `userIdentity`.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_field_names,
    reason = "`sourceIdentity` is what AWS calls it"
)]
pub(crate) struct Identity<'a> {
    pub(crate) caller: Cow<'a, str>,
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) arn: Option<Cow<'a, str>>,
    pub(crate) account_id: Option<Cow<'a, str>>,
    pub(crate) user_name: Option<Cow<'a, str>>,
    pub(crate) principal_id: Option<Cow<'a, str>>,
    pub(crate) access_key_id: Option<Cow<'a, str>>,
    pub(crate) credential_id: Option<Cow<'a, str>>,
    pub(crate) invoked_by: Option<Cow<'a, str>>,
    pub(crate) session_name: Option<Cow<'a, str>>,
    pub(crate) source_identity: Option<Cow<'a, str>>,
    pub(crate) on_behalf_of: Option<Cow<'a, str>>,
    pub(crate) is_mfa: Option<bool>,
    /// The EC2 instance on whose behalf EC2 itself called.
    pub(crate) ec2_instance: Option<String>,
    /// The role that EC2 itself called as, in the account of its instances.
    pub(crate) ec2_role: Option<String>,
}

impl<'a> Identity<'a> {
    /// Reads `userIdentity`; absent and empty members are alike.
    pub(crate) fn read(user: Option<Value<'a>>) -> Self {
        let mut identity = Self::default();
        let mut session = None;
        for (name, value) in user.into_iter().flat_map(Value::members) {
            match name.text().as_deref() {
                Some("type") => identity.kind = value.nonempty(),
                Some("arn") => identity.arn = value.nonempty(),
                Some("accountId") => identity.account_id = value.nonempty(),
                Some("userName") => identity.user_name = value.nonempty(),
                Some("principalId") => identity.principal_id = value.nonempty(),
                Some("accessKeyId") => identity.access_key_id = value.nonempty(),
                Some("credentialId") => identity.credential_id = value.nonempty(),
                Some("invokedBy") => identity.invoked_by = value.nonempty(),
                Some("onBehalfOf") => {
                    identity.on_behalf_of = value.get("userId").and_then(Value::nonempty);
                }
                Some("sessionContext") => session = Some(value),
                _ => {}
            }
        }
        let issuer = session.and_then(|session| session.get("sessionIssuer"));
        let issuer_arn = issuer
            .and_then(|issuer| issuer.get("arn"))
            .and_then(Value::nonempty);
        if let Some(session) = session {
            identity.source_identity = session.get("sourceIdentity").and_then(Value::nonempty);
            identity.is_mfa = session
                .path(&["attributes", "mfaAuthenticated"])
                .and_then(Value::truth);
        }
        if identity.user_name.is_none() {
            identity.user_name = issuer
                .and_then(|issuer| issuer.get("userName"))
                .and_then(Value::nonempty);
        }
        identity.session_name = session_name(identity.arn.as_ref());
        identity.name_caller(issuer_arn);
        identity
    }

    fn name_caller(&mut self, issuer_arn: Option<Cow<'a, str>>) {
        let is_ec2 = [issuer_arn.as_deref(), self.arn.as_deref()]
            .into_iter()
            .flatten()
            .any(|arn| arn.contains(EC2_INFRASTRUCTURE));
        if is_ec2 {
            self.ec2_instance = self
                .session_name
                .as_deref()
                .filter(|session| session.starts_with("i-"))
                .map(str::to_owned);
            self.ec2_role = issuer_arn
                .as_deref()
                .or(self.arn.as_deref())
                .and_then(ec2_role);
            self.caller = Cow::Borrowed("service:ec2.amazonaws.com");
            return;
        }
        self.caller = if let Some(arn) = issuer_arn {
            arn
        } else if let Some(arn) = &self.arn {
            without_session(arn)
        } else if let Some(user) = &self.on_behalf_of {
            Cow::Owned(format!("identitycenter:{user}"))
        } else if let Some(account) = self.typed_account() {
            // The account called through a service, as a role does whose ARN is given.
            Cow::Owned(format!("account:{account}"))
        } else if let Some(service) = &self.invoked_by {
            Cow::Owned(format!("service:{service}"))
        } else if let Some(account) = &self.account_id {
            Cow::Owned(format!("account:{account}"))
        } else {
            Cow::Borrowed("unknown")
        };
    }

    /// The account of a principal of whom no more is known; a service that calls for itself is none, nor is an event of
    /// the service's own, which has no type.
    fn typed_account(&self) -> Option<&str> {
        let is_principal = self
            .kind
            .as_deref()
            .is_some_and(|kind| kind != "AWSService");
        let account = self.account_id.as_deref().filter(|_| is_principal)?;
        is_account(account).then_some(account)
    }
}

/// The role of EC2's sessions, from its ARN or that of a session of it.
fn ec2_role(arn: &str) -> Option<String> {
    let mut parts = arn.split(':');
    let partition = parts.nth(1)?;
    let account = parts.nth(2).filter(|account| is_account(account))?;
    Some(format!(
        "arn:{partition}:iam::{account}:{EC2_INFRASTRUCTURE}"
    ))
}

/// Whether a text is the id of an account: 12 digits.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The account in an ARN.
#[must_use]
pub fn account_of(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    (!account.is_empty()).then_some(account)
}

/// The last part of the ARN of a session; users and roles have none.
fn session_name<'a>(arn: Option<&Cow<'a, str>>) -> Option<Cow<'a, str>> {
    part_of(arn?, |arn| Some(session_parts(arn)?.1))
}

/// An ARN of a session whose issuer is not given counts for all sessions of its role.
fn without_session<'a>(arn: &Cow<'a, str>) -> Cow<'a, str> {
    part_of(arn, |arn| Some(session_parts(arn)?.0)).unwrap_or_else(|| arn.clone())
}

/// A part of a text, borrowed from where the text is.
fn part_of<'a>(
    text: &Cow<'a, str>,
    part: impl for<'t> FnOnce(&'t str) -> Option<&'t str>,
) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => part(text).map(Cow::Borrowed),
        Cow::Owned(text) => part(text).map(|part| Cow::Owned(part.to_owned())),
    }
}

/// Splits `arn:aws:sts::<account>:assumed-role/<role>/<session>`.
fn session_parts(arn: &str) -> Option<(&str, &str)> {
    let resource = arn.splitn(6, ':').nth(5)?;
    if !resource.starts_with("assumed-role/") && !resource.starts_with("federated-user/") {
        return None;
    }
    let (before, session) = arn.rsplit_once('/')?;
    if resource.starts_with("federated-user/") {
        // The name of a federated user is all there is of it.
        return Some((arn, session));
    }
    // `aws:ec2-infrastructure` sessions and roles with paths keep what is before the session.
    resource
        .strip_prefix("assumed-role/")
        .is_some_and(|role| role.contains('/'))
        .then_some((before, session))
}
