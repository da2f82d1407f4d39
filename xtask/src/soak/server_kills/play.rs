//! Plays the steps of a day against a server that may die at any moment.

use super::super::product::containers::Container;
use super::super::product::gateway::Gateway;
use super::super::product::manifests;
use super::super::product::objects::{condition, is_broken_connection};
use super::acknowledged::{Acknowledged, key};
use super::day::{Step, Until, Write};
use super::victim::{Life, Shared};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a step may take while the server is killed; then the killing stops, and the step gets as long in peace.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Player {
    pub(super) shared: Arc<Shared>,
    pub(super) acknowledged: Acknowledged,
    pub(super) problems: Vec<String>,
    /// The last life in which all acknowledged writes were looked for.
    checked: usize,
    notes: BTreeMap<String, String>,
    /// Running containers after the last step, by component.
    running: BTreeMap<String, Vec<(String, String)>>,
    /// Components that the last step changed.
    changed: &'static [&'static str],
    gateway: Gateway,
}

impl Player {
    pub(super) fn new(shared: Arc<Shared>, gateway: Gateway) -> Self {
        Self {
            shared,
            acknowledged: Acknowledged::default(),
            problems: Vec::new(),
            checked: 0,
            notes: BTreeMap::new(),
            running: BTreeMap::new(),
            changed: &[],
            gateway,
        }
    }

    /// Plays one step to its end.
    ///
    /// # Errors
    /// When it does not end, or the server cannot be started any more.
    pub(super) async fn step(&mut self, step: &Step) -> Result<()> {
        let killing = self.shared.killing.load(Ordering::SeqCst);
        let played = tokio::time::timeout(PATIENCE, self.play(step)).await;
        let outcome = match played {
            Ok(outcome) => outcome,
            Err(_) if killing => {
                self.shared.killing.store(false, Ordering::SeqCst);
                let told = tokio::time::timeout(PATIENCE, self.play(step)).await;
                self.shared.killing.store(true, Ordering::SeqCst);
                match told {
                    Ok(outcome) => outcome,
                    Err(_) => self.stuck(step).await,
                }
            }
            Err(_) => self.stuck(step).await,
        };
        outcome.with_context(|| format!("step {:?}", step.name))
    }

    async fn stuck(&mut self, step: &Step) -> Result<()> {
        let life = self.shared.life().await?;
        let mut told = Vec::new();
        for until in &step.until {
            if let Some(why) = self.unmet(&life, until).await? {
                told.push(why);
            }
        }
        bail!("does not end: {}", told.join("; "))
    }

    async fn play(&mut self, step: &Step) -> Result<()> {
        for write in &step.writes {
            self.write(write).await?;
        }
        for until in &step.until {
            loop {
                let life = self.life().await?;
                match self.unmet(&life, until).await {
                    Ok(None) => break,
                    Ok(Some(_)) => tokio::time::sleep(LOOK).await,
                    Err(error) => self.endure(&life, error).await?,
                }
            }
        }
        for (binding, note) in step.notes {
            loop {
                let life = self.life().await?;
                match life.objects.get("ReleaseBinding", binding).await {
                    Ok(found) => {
                        let found = found.with_context(|| format!("ReleaseBinding {binding}"))?;
                        let release = found["spec"]["releaseName"].as_str().unwrap_or_default();
                        self.notes.insert((*note).to_owned(), release.to_owned());
                        break;
                    }
                    Err(error) => self.endure(&life, error).await?,
                }
            }
        }
        self.compare_containers(step).await
    }

    /// A life whose acknowledged writes have been looked for.
    async fn life(&mut self) -> Result<Life> {
        loop {
            let life = self.shared.life().await?;
            if life.number == self.checked {
                return Ok(life);
            }
            match self.acknowledged.missing(&life.objects).await {
                Ok(missing) => {
                    let kills = self.shared.kills.load(Ordering::SeqCst);
                    self.problems.extend(missing.into_iter().map(|problem| format!("after kill {kills}: {problem}")));
                    self.checked = life.number;
                }
                Err(error) => self.endure(&life, error).await?,
            }
        }
    }

    /// Waits for the next life where a call failed because this one ended.
    async fn endure(&self, life: &Life, error: anyhow::Error) -> Result<()> {
        if !is_broken_connection(&error) {
            return Err(error);
        }
        tokio::select! {
            () = self.shared.over(life.number) => {}
            // It failed in another way, or the end has not been told yet: the same life is asked again.
            () = tokio::time::sleep(LOOK * 4) => {}
        }
        Ok(())
    }

    /// Writes until it is acknowledged.
    async fn write(&mut self, write: &Write) -> Result<()> {
        let document = match write {
            Write::Apply(document) => document.clone(),
            Write::Deploy { component, environment, note, more } => {
                let release = self.notes.get(*note).with_context(|| format!("nothing was noted as {note}"))?;
                manifests::binding("day", component, environment, release, more.clone())
            }
            Write::Delete { kind, name } => return self.delete(kind, name).await,
        };
        let (kind, name) = key(&document);
        // What is looked for after a kill is looked for before this write makes it uncertain.
        self.life().await?;
        self.acknowledged.under_way(&kind, &name);
        loop {
            let life = self.life().await?;
            match life.objects.apply(&document).await {
                Ok(_) => {
                    self.acknowledged.put(&document);
                    return Ok(());
                }
                Err(error) => self.endure(&life, error).await?,
            }
        }
    }

    async fn delete(&mut self, kind: &str, name: &str) -> Result<()> {
        self.life().await?;
        if kind == "Project" {
            // What it owns goes with it.
            self.acknowledged.forget();
        }
        self.acknowledged.under_way(kind, name);
        if kind == "Component" {
            self.acknowledged.under_way("Workload", name);
            for environment in ["development", "staging"] {
                self.acknowledged.under_way("ReleaseBinding", &format!("{name}-{environment}"));
            }
        }
        loop {
            let life = self.life().await?;
            match life.objects.delete(kind, name).await {
                Ok(()) => {
                    self.acknowledged.deleted(kind, name);
                    return Ok(());
                }
                Err(error) => self.endure(&life, error).await?,
            }
        }
    }

    /// What is still missing, in words.
    async fn unmet(&self, life: &Life, until: &Until) -> Result<Option<String>> {
        let (kind, name) = match until {
            Until::True(kind, name, _) | Until::Gone(kind, name) => (*kind, *name),
            Until::Answers(name, _) | Until::Moved(name, _) => ("ReleaseBinding", *name),
        };
        let found = life.objects.get(kind, name).await?;
        let Some(found) = found else {
            return Ok((!matches!(until, Until::Gone(..))).then(|| format!("{kind} {name} is not there")));
        };
        let wanted = match until {
            Until::Gone(..) => return Ok(Some(format!("{kind} {name} is there: {found}"))),
            Until::True(_, _, condition) => condition,
            _ => "Ready",
        };
        if condition(&found, wanted).is_none_or(|(status, ..)| status != "True") {
            return Ok(Some(format!("{kind} {name} is not {wanted}: {}", found["status"]["conditions"])));
        }
        match until {
            Until::Moved(_, note) => {
                let release = found["spec"]["releaseName"].as_str().unwrap_or_default();
                let noted = self.notes.get(*note).map(String::as_str);
                Ok((noted == Some(release)).then(|| format!("{name} still has release {release}")))
            }
            Until::Answers(_, wanted) => {
                let answer = self.gateway.ask(&found).await;
                let wanted = format!("{wanted} at /");
                Ok((answer != wanted).then(|| format!("{name} answers {answer:?}, not {wanted:?}")))
            }
            _ => Ok(None),
        }
    }

    /// Containers of components that were not to change are the same as after the step before.
    async fn compare_containers(&mut self, step: &Step) -> Result<()> {
        let found = loop {
            let life = self.life().await?;
            match life.engine.containers().await {
                Ok(found) => break found,
                Err(error) => self.endure(&life, error).await?,
            }
        };
        let running = by_component(&found);
        for (component, before) in &self.running {
            let is_in = |names: &[&str]| names.iter().any(|name| component.ends_with(&format!("/{name}")));
            let now = running.get(component);
            // What the step before replaced may have been on its way out when it was looked at.
            let fewer = is_in(self.changed) && now.is_some_and(|now| now.iter().all(|one| before.contains(one)));
            if !is_in(step.changes) && now != Some(before) && !fewer {
                let kills = self.shared.kills.load(Ordering::SeqCst);
                self.problems.push(format!(
                    "step {:?}, after kill {kills}: containers of {component} were {before:?} and are {now:?}",
                    step.name
                ));
            }
        }
        self.running = running;
        self.changed = step.changes;
        Ok(())
    }
}

/// Ids and start times of running containers by runtime namespace and component.
fn by_component(found: &[Container]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut components: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for container in found.iter().filter(|container| container.state == "running") {
        // A pod is named after component, environment and two hashes.
        let component = container.pod.split('-').next().unwrap_or_default();
        let entry = components.entry(format!("{}/{component}", container.namespace)).or_default();
        entry.push((container.id.clone(), container.started_at.clone()));
    }
    components
}
