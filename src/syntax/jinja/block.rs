//! Blocks: statements that belong together, from `if` to `endif`.

use super::{Mask, SyntaxError, Tag, TagKind};
use crate::text::Span;

/// A block with its tags, as indices into [`Mask::tags`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The tag that opens it.
    pub open: usize,
    /// `elif`, `else` and the like.
    pub middles: Vec<usize>,
    /// The tag that closes it.
    pub close: usize,
    /// From the first mark of the opening to the last of the closing tag.
    pub span: Span,
    /// What stands between one of its tags and the next: one body, or one for each arm.
    pub bodies: Vec<Span>,
    /// The block it stands in, as index into [`Mask::blocks`].
    pub parent: Option<usize>,
}

/// A block and the body of it that holds an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    /// Index into [`Mask::blocks`].
    pub block: usize,
    /// Index into [`Block::bodies`].
    pub body: usize,
}

/// What removing a span would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// This tag (index into [`Mask::tags`]) would be cut in two.
    Tag(usize),
    /// This block (index into [`Mask::blocks`]) would lose some of its tags and keep others.
    Block(usize),
}

/// How a statement takes part in blocks.
enum Role<'a> {
    Open,
    Middle,
    Close(&'a str),
    Single,
}

fn role<'a>(word: &'a str, tag: &Tag) -> Role<'a> {
    if tag.kind != TagKind::Statement {
        return Role::Single;
    }
    match word {
        "if" | "for" | "macro" | "call" | "filter" | "block" | "with" | "autoescape" | "trans" | "raw" => Role::Open,
        "set" if !tag.assigns => Role::Open,
        "elif" | "else" | "pluralize" => Role::Middle,
        _ => word.strip_prefix("end").map_or(Role::Single, Role::Close),
    }
}

/// The blocks that `tags` make.
pub(super) fn pair(text: &str, tags: &[Tag]) -> Result<Vec<Block>, SyntaxError> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (index, tag) in tags.iter().enumerate() {
        let word = tag.keyword.of(text);
        let stray = || SyntaxError::new(tag.span, format!("`{word}` that no open block takes"));
        let innermost = open.last().and_then(|&block| blocks.get(block).map(|found| tags[found.open].keyword.of(text)));
        match role(word, tag) {
            Role::Single => {}
            Role::Open => {
                let parent = open.last().copied();
                open.push(blocks.len());
                blocks.push(Block {
                    open: index,
                    middles: Vec::new(),
                    close: index,
                    span: tag.span,
                    bodies: Vec::new(),
                    parent,
                });
            }
            Role::Middle => {
                let fits = matches!(
                    (word, innermost),
                    ("else", Some("if" | "for")) | ("elif", Some("if")) | ("pluralize", Some("trans"))
                );
                let block = open.last().filter(|_| fits).and_then(|&block| blocks.get_mut(block)).ok_or_else(stray)?;
                block.middles.push(index);
            }
            Role::Close(name) => {
                let block = open.pop().filter(|_| innermost == Some(name)).ok_or_else(stray)?;
                close(&mut blocks[block], index, tags);
            }
        }
    }
    match open.last() {
        Some(&block) => {
            let tag = &tags[blocks[block].open];
            Err(SyntaxError::new(tag.span, format!("`{word}` without `end{word}`", word = tag.keyword.of(text))))
        }
        None => Ok(blocks),
    }
}

fn close(block: &mut Block, index: usize, tags: &[Tag]) {
    block.close = index;
    block.span = block.span.join(tags[index].span);
    let mut start = tags[block.open].span.end();
    for &next in block.middles.iter().chain([&index]) {
        block.bodies.push(Span::new(start, tags[next].span.start()));
        start = tags[next].span.end();
    }
}

impl Block {
    /// All its tags, as indices into [`Mask::tags`].
    pub fn tags(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.open).chain(self.middles.iter().copied()).chain(std::iter::once(self.close))
    }
}

impl Mask {
    /// What would break if the bytes of `span` went: a tag cut in two, or a block that keeps one end.
    pub fn cuts(&self, span: Span) -> Option<Cut> {
        let inside = self.range(span);
        if let Some(index) = inside.clone().find(|&index| !span.contains(self.tags()[index].span)) {
            return Some(Cut::Tag(index));
        }
        // A block is whole inside or whole outside, or one of its tags stands in `span` and another does not.
        let broken = self.blocks().iter().position(|block| {
            let held = block.tags().filter(|tag| inside.contains(tag)).count();
            held > 0 && held < block.middles.len() + 2
        });
        broken.map(Cut::Block)
    }

    /// The blocks around `offset` with the arm that holds it, outermost first. An offset in a block's own tag is not
    /// in that block.
    pub fn arms_at(&self, offset: usize) -> Vec<Arm> {
        let before = self.blocks().partition_point(|block| block.span.start() <= offset);
        let mut next = before.checked_sub(1);
        let mut arms = Vec::new();
        while let Some(index) = next {
            let block = &self.blocks()[index];
            let body = block.bodies.iter().position(|body| body.start() <= offset && offset < body.end());
            arms.extend(body.map(|body| Arm { block: index, body }));
            next = block.parent;
        }
        arms.reverse();
        arms
    }

    /// The outermost block that prints nothing but `span`: one body, and in it only `span`, blanks, comments and
    /// inner blocks of the same sort. Removing `span` removes that block too (real-world C1).
    pub fn wrapping(&self, span: Span) -> Option<&Block> {
        let mut found = None;
        let mut inner = span;
        for arm in self.arms_at(span.start()).iter().rev() {
            let block = &self.blocks()[arm.block];
            let [body] = block.bodies[..] else { break };
            let (before, after) = (Span::new(body.start(), inner.start()), Span::new(inner.end(), body.end()));
            let alone = |span: Span| span.of(self.text()).trim().is_empty() && self.only_comments(span);
            if !body.contains(inner) || !alone(before) || !alone(after) || !self.plain(block) {
                break;
            }
            inner = block.span;
            found = Some(block);
        }
        found
    }

    fn only_comments(&self, span: Span) -> bool {
        self.tags_in(span).iter().all(|tag| tag.kind == TagKind::Comment)
    }

    /// Whether a block prints its body and does nothing else; a macro or a `set` is used elsewhere.
    fn plain(&self, block: &Block) -> bool {
        matches!(self.keyword(block.open), "if" | "for" | "with" | "raw" | "autoescape")
    }
}
