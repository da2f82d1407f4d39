//! `occ login` and `occ logout`.

use super::token::{Authority, prove};
use super::token_store::TokenStore;
use super::{Http, Settings};
use crate::cli::text_option;
use crate::config::{ConfigFile, Credential};
use crate::failure::Failure;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::io::Read;
use std::path::PathBuf;

/// `occ login`
pub(crate) fn command_login() -> Command {
    Command::new("login")
        .about("Log in as a client with a secret")
        .long_about(
            "Log in as a client with a secret, and keep both in the configuration.\n\n\
             The client's id is --client-id or OCC_CLIENT_ID. Its secret is read from OCC_CLIENT_SECRET or from\n\
             --client-secret-file (- is standard input), never from an argument, which every user of the computer sees.",
        )
        .arg(
            Arg::new("client-credentials")
                .long("client-credentials")
                .action(ArgAction::SetTrue)
                .help("Use the client credentials grant"),
        )
        .arg(text_option("client-id", "ID", "Id of the client").env("OCC_CLIENT_ID").hide_env_values(true))
        .arg(
            Arg::new("client-secret-file")
                .long("client-secret-file")
                .value_name("FILE")
                .value_parser(clap::value_parser!(PathBuf))
                .help("File with the client's secret; - is standard input"),
        )
        .arg(Arg::new("client-secret").long("client-secret").value_name("SECRET").hide(true))
        .arg(text_option("scope", "SCOPE", "Scope to ask for"))
        .arg(text_option("credential", "NAME", "Credentials to fill [default: the context's]"))
}

/// `occ logout`
pub(crate) fn command_logout() -> Command {
    Command::new("logout").about("Forget tokens and the secret of the context's credentials")
}

fn input(text: impl Into<String>) -> Failure {
    Failure::Input(text.into())
}

fn secret(matches: &ArgMatches) -> Result<String, Failure> {
    if matches.contains_id("client-secret") {
        return Err(input(
            "--client-secret would show the secret to every user of this computer: set OCC_CLIENT_SECRET, or pass \
             --client-secret-file FILE (- reads standard input)",
        ));
    }
    let text = match matches.get_one::<PathBuf>("client-secret-file") {
        Some(path) if path.as_os_str() == "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| input(format!("cannot read standard input: {error}")))?;
            text
        }
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| input(format!("cannot read {}: {error}", path.display())))?
        }
        None => std::env::var("OCC_CLIENT_SECRET").unwrap_or_default(),
    };
    match text.trim() {
        "" => Err(input(
            "client ID and client secret are required: set OCC_CLIENT_SECRET, or pass --client-secret-file FILE",
        )),
        secret => Ok(secret.to_owned()),
    }
}

/// The context's place for credentials, made where there is none.
fn place<'a>(
    file: &'a mut ConfigFile,
    settings: &Settings,
    wanted: Option<&String>,
) -> Result<(&'a mut Credential, String), Failure> {
    let config = &mut file.config;
    let name = settings.context.clone().unwrap_or_else(|| config.current_context.clone());
    let context =
        config.contexts.iter_mut().find(|context| context.name == name).ok_or_else(|| {
            input(format!("context {name:?} not found: `occ config context list` shows what there is"))
        })?;
    if let Some(wanted) = wanted {
        wanted.clone_into(&mut context.credentials);
    }
    let url = config
        .controlplanes
        .iter()
        .find(|plane| plane.name == context.controlplane)
        .map(|plane| plane.url.clone())
        .filter(|url| !url.is_empty())
        .ok_or_else(|| input(format!("control plane {:?} has no address", context.controlplane)))?;
    if !config.credentials.iter().any(|one| one.name == context.credentials) {
        config.credentials.push(Credential { name: context.credentials.clone(), ..Credential::default() });
    }
    let found = config.credentials.iter_mut().find(|one| one.name == context.credentials);
    Ok((found.ok_or_else(|| input("the context has no credentials"))?, url))
}

/// Proves the credentials and keeps them.
pub(crate) async fn login(settings: &Settings, matches: &ArgMatches) -> Result<(), Failure> {
    if !matches.get_flag("client-credentials") {
        return Err(input(
            "only `occ login --client-credentials` is there: set OCC_CLIENT_ID and OCC_CLIENT_SECRET before it",
        ));
    }
    let id = matches
        .get_one::<String>("client-id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| input("client ID and client secret are required: pass --client-id ID, or set OCC_CLIENT_ID"))?;
    let secret = secret(matches)?;
    let mut file = ConfigFile::open(settings.config.as_deref())?;
    let path = file.path.clone();
    let (credential, url) = place(&mut file, settings, matches.get_one::<String>("credential"))?;
    let scope = matches.get_one::<String>("scope").cloned().unwrap_or_else(|| credential.scope.clone());
    let http = Http::new(&url, Authority::new(&path, &url, None))?;
    let token = prove(&http, id, &secret, &scope).await?;
    id.clone_into(&mut credential.client_id);
    credential.client_secret = secret;
    credential.scope = scope;
    credential.auth_method = "client_credentials".into();
    credential.token.clear();
    credential.refresh_token.clear();
    let name = credential.name.clone();
    file.save()?;
    let store = TokenStore::beside(&path);
    store.clear()?;
    store.write(&TokenStore::key(&url, id), &token)?;
    eprintln!("Logged in to {url} as {id} (credentials {name:?})");
    Ok(())
}

/// Forgets what a login left behind.
pub(crate) fn logout(settings: &Settings) -> Result<(), Failure> {
    let mut file = ConfigFile::open(settings.config.as_deref())?;
    let path = file.path.clone();
    let (credential, _) = place(&mut file, settings, None)?;
    credential.token.clear();
    credential.refresh_token.clear();
    credential.client_secret.clear();
    let name = credential.name.clone();
    file.save()?;
    TokenStore::beside(&path).clear()?;
    eprintln!("Logged out (credentials {name:?})");
    Ok(())
}
