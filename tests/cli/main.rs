//! The built program on real git repositories, as a user runs it. One binary, so that it links once.

// The mark lets the lints see that helpers outside of a test function are test code, too.
#[cfg(test)]
mod accept;
#[cfg(test)]
mod again;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod bombs;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod complete;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod journey;
#[cfg(test)]
mod kairos;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod overview;
#[cfg(test)]
mod page;
#[cfg(test)]
mod prune;
mod readme;
#[cfg(test)]
mod refuse;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod status;
#[cfg(test)]
mod support;
#[cfg(test)]
mod table;
#[cfg(test)]
mod verify;
