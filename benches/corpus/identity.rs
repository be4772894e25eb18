//! Who calls: the `userIdentity` shapes of real events, each with the stable caller that it stands for.
//!
//! The caller is what design.md calls the stable principal; it is set here by whoever builds the identity,
//! never read back out of the JSON, so that the known answers do not depend on a parser.

use crate::corpus::json::{Json, map};
use crate::corpus::rng::Rng;
use crate::corpus::time;

/// What goes into the session of an assumed role.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) account: String,
    /// Role name with its path, such as `aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS`.
    pub(crate) role: String,
    pub(crate) role_id: String,
    pub(crate) name: String,
    pub(crate) access_key: String,
    pub(crate) created: String,
}

/// A `userIdentity` with what follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) json: Json,
    pub(crate) caller: String,
    pub(crate) session: Option<String>,
    pub(crate) ip: String,
    pub(crate) agent: String,
    /// The instance that `role/aws:ec2-infrastructure` acts for.
    pub(crate) instance: Option<String>,
    /// Calls that come over the network carry `tlsDetails`; calls made by services do not.
    pub(crate) over_network: bool,
    pub(crate) invoked_by: Option<String>,
}

impl Session {
    /// A session whose ids follow from its names, and whose start lies shortly before `now`.
    pub(crate) fn of(seed: u64, account: &str, role: &str, name: &str, now: i64) -> Self {
        let mut role_ids = Rng::of(seed, &format!("role {account} {role}"));
        let started = now.div_euclid(3600) * 3600 - 60 - role_ids.clone().between(0, 3000);
        let mut keys = Rng::of(
            seed,
            &format!("session {account} {role} {name} {}", time::date(now)),
        );
        Self {
            account: account.to_owned(),
            role: role.to_owned(),
            role_id: role_ids.iam_id("AROA"),
            name: name.to_owned(),
            access_key: keys.iam_id("ASIA"),
            created: time::iso(started),
        }
    }
}

impl Identity {
    /// `AssumedRole`, by far the most frequent; the stable caller is the role.
    pub(crate) fn role(session: &Session) -> Self {
        let Session {
            account,
            role,
            role_id,
            name,
            access_key,
            created,
        } = session;
        let role_name = role.rsplit('/').next().unwrap_or(role);
        let issuer = format!("arn:aws:iam::{account}:role/{role}");
        let json = map![
            "type" => "AssumedRole",
            "principalId" => format!("{role_id}:{name}"),
            "arn" => format!("arn:aws:sts::{account}:assumed-role/{role_name}/{name}"),
            "accountId" => account,
            "accessKeyId" => access_key,
            "sessionContext" => map![
                "sessionIssuer" => map![
                    "type" => "Role", "principalId" => role_id, "arn" => &issuer,
                    "accountId" => account, "userName" => role_name,
                ],
                "attributes" => map!["creationDate" => created, "mfaAuthenticated" => "false"],
            ],
        ];
        Self {
            session: Some(name.clone()),
            ..Self::new(json, issuer)
        }
    }

    /// `IAMUser`; with a console session it carries MFA and the empty `sessionIssuer` of real events.
    pub(crate) fn user(seed: u64, account: &str, name: &str, console_since: Option<i64>) -> Self {
        let arn = format!("arn:aws:iam::{account}:user/{name}");
        let mut ids = Rng::of(seed, &arn);
        let prefix = if console_since.is_some() {
            "ASIA"
        } else {
            "AKIA"
        };
        let mut json = map![
            "type" => "IAMUser", "principalId" => ids.iam_id("AIDA"), "arn" => &arn,
            "accountId" => account, "accessKeyId" => ids.iam_id(prefix), "userName" => name,
        ];
        if let Some(since) = console_since {
            json.set("sessionContext", console_session(since));
        }
        Self {
            ip: "198.51.100.24".to_owned(),
            ..Self::new(json, arn)
        }
    }

    /// `Root`, signed in with MFA.
    pub(crate) fn root(account: &str, since: i64) -> Self {
        let arn = format!("arn:aws:iam::{account}:root");
        let mut json = map![
            "type" => "Root", "principalId" => account, "arn" => &arn, "accountId" => account,
            "accessKeyId" => Rng::of(0, &arn).iam_id("ASIA"),
        ];
        json.set("sessionContext", console_session(since));
        Self {
            ip: "198.51.100.9".to_owned(),
            ..Self::new(json, arn)
        }
    }

    /// `AWSService`: nothing but the service's name.
    pub(crate) fn service(name: &str) -> Self {
        let json = map!["type" => "AWSService", "invokedBy" => name];
        Self::new(json, format!("service:{name}")).served_by(name)
    }

    /// KMS itself, as in service events: no `type` at all.
    pub(crate) fn internal(account: &str) -> Self {
        let json = map!["accountId" => account, "invokedBy" => "AWS Internal"];
        Self::new(json, "service:AWS Internal".to_owned()).served_by("AWS Internal")
    }

    /// `AWSAccount`: how the owner of a key sees a caller from another account.
    pub(crate) fn account(account: &str, principal: &str) -> Self {
        let json = map!["type" => "AWSAccount", "principalId" => principal, "accountId" => account];
        Self::new(json, format!("account:{account}"))
    }

    /// `IdentityCenterUser`, known by its user id only.
    pub(crate) fn identity_center(
        account: &str,
        user: &str,
        store: &str,
        credential: &str,
    ) -> Self {
        let json = map![
            "type" => "IdentityCenterUser",
            "accountId" => account,
            "onBehalfOf" => map![
                "userId" => user,
                "identityStoreArn" => format!("arn:aws:identitystore::{account}:identitystore/{store}"),
            ],
            "credentialId" => credential,
        ];
        Self::new(json, format!("identitycenter:{user}"))
    }

    /// EC2 attaching a volume: a role session named after the instance, without `invokedBy`.
    pub(crate) fn ec2_infrastructure(seed: u64, account: &str, instance: &str, now: i64) -> Self {
        let role_id = format!("{account}:aws:ec2-infrastructure");
        let session = Session {
            role_id,
            ..Session::of(seed, account, "aws:ec2-infrastructure", instance, now)
        };
        let mut identity = Self::role(&session).served_by("AWS Internal");
        "service:ec2.amazonaws.com".clone_into(&mut identity.caller);
        identity.invoked_by = None;
        identity.instance = Some(instance.to_owned());
        identity
    }

    /// The same principal, with a service calling on its behalf.
    pub(crate) fn via(mut self, service: &str) -> Self {
        self.json.set("invokedBy", service.into());
        self.served_by(service)
    }

    /// The same principal at another address.
    pub(crate) fn at(mut self, ip: &str, agent: &str) -> Self {
        ip.clone_into(&mut self.ip);
        agent.clone_into(&mut self.agent);
        self
    }

    /// Adds a member to `sessionContext`, such as `sourceIdentity`.
    pub(crate) fn with_session_member(mut self, name: &str, value: &str) -> Self {
        if let Json::Map(members) = &mut self.json {
            for (_, context) in members
                .iter_mut()
                .filter(|(member, _)| member == "sessionContext")
            {
                context.set(name, value.into());
            }
        }
        self
    }

    fn new(json: Json, caller: String) -> Self {
        Self {
            json,
            caller,
            session: None,
            ip: "203.0.113.40".to_owned(),
            agent: "aws-cli/2.33.2 md/awscrt#0.29.2 ua/2.1 os/linux#6.12 lang/python#3.13.11 cfg/retry-mode#standard".to_owned(),
            instance: None,
            over_network: true,
            invoked_by: None,
        }
    }

    fn served_by(mut self, service: &str) -> Self {
        service.clone_into(&mut self.ip);
        service.clone_into(&mut self.agent);
        self.over_network = false;
        self.invoked_by = Some(service.to_owned());
        self
    }
}

fn console_session(since: i64) -> Json {
    map![
        "sessionIssuer" => map![],
        "attributes" => map!["creationDate" => time::iso(since), "mfaAuthenticated" => "true"],
    ]
}
