//! Layouts of repositories as other people keep them: what a migration finds there, and what it refuses.

#![cfg(test)]

mod daemon;
mod layouts;
mod refused;
mod repo;
mod roles;
mod unknown;
mod unread;
