//! What a move takes for granted that the repository does not tell (DESIGN 4.4).
//!
//! Knows: what the project is called, and what speaks for it. Must not know: how the name was found, queries.

use super::Request;
use crate::finding::{Finding, Level};
use crate::rule;
use crate::text::Place;
use crate::topology::compose;
use crate::topology::deployments::{Deployment, Project};
use crate::topology::runs::Host;

/// The project as the user calls it, or as it was found out.
///
/// # Errors
/// Nothing tells; what to do is in the hint.
pub(super) fn project(facts: &Deployment, request: &Request) -> Result<Project, Box<Finding>> {
    if let Some(name) = &request.project {
        let at = Place::new(&facts.file, facts.file.line_at(0));
        return Ok(Project { name: name.clone(), at, is_assumed: false });
    }
    facts.project.clone().map_err(|mut finding| {
        if finding.rule == "compose/project-unknown" {
            finding.hint = rule::hint(finding.rule, &[("name", &compose::normalise(&request.service))]);
        }
        finding
    })
}

/// What is said of its name.
pub(super) fn notes(facts: &Deployment, project: &Project, host: &Host) -> Option<Finding> {
    let folder = facts.directory.as_deref().unwrap_or_else(|| facts.file.path.folder());
    let values = [("project", project.name.as_str()), ("folder", folder), ("host", host.name.as_str())];
    let said = || Finding::told(Level::Note, "assumed/project-folder", &values, Some(project.at.clone()));
    project.is_assumed.then(said)
}
