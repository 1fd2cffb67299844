//! The grammar, by recursive descent: or > and > not > check.

use super::{
    Check, Expr, Function, Literal, MAX_DEPTH, Modifier, Op, Operand, Rhs, SyntaxError, SyntaxErrorKind,
    cursor::{Cursor, Result, is_blank},
};

/// Parses a whole condition.
pub fn parse(text: &str) -> std::result::Result<Expr, SyntaxError> {
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0 };
    parser.cursor.blanks();
    if parser.cursor.rest().is_empty() {
        return parser.cursor.fail(SyntaxErrorKind::Empty);
    }
    let expr = parser.or()?;
    parser.cursor.blanks();
    if parser.cursor.rest().is_empty() {
        return Ok(expr);
    }
    let word = parser.cursor.next_word();
    parser.cursor.fail(SyntaxErrorKind::Trailing(word))
}

struct Parser<'t> {
    cursor: Cursor<'t>,
    depth: u32,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expr> {
        self.chain("or", Self::and, Expr::Or)
    }

    fn and(&mut self) -> Result<Expr> {
        self.chain("and", Self::not, Expr::And)
    }

    /// `part { word part }`
    fn chain(
        &mut self,
        word: &'static str,
        part: fn(&mut Self) -> Result<Expr>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr> {
        let first = part(self)?;
        let mut parts = vec![first];
        loop {
            self.cursor.blanks();
            if !self.cursor.eat(word) {
                break;
            }
            if !self.cursor.blanks() && !self.cursor.rest().starts_with('(') {
                return self.cursor.fail(SyntaxErrorKind::Blank(word));
            }
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn not(&mut self) -> Result<Expr> {
        let mut is_negated = false;
        self.cursor.blanks();
        while self.cursor.eat_word("not") {
            is_negated = !is_negated;
            self.cursor.blanks();
        }
        if self.cursor.rest().starts_with("not(") {
            self.cursor.eat("not");
            is_negated = !is_negated;
        }
        let expr = self.check()?;
        Ok(if is_negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn check(&mut self) -> Result<Expr> {
        let start = self.cursor.at;
        if self.cursor.eat("(") {
            let expr = self.nested(Self::or)?;
            self.close(start)?;
            return Ok(expr);
        }
        if let Some(operand) = self.operand()? {
            return self.comparison(operand).map(Expr::Check);
        }
        if let Some(name) = self.cursor.identifier() {
            return Ok(Expr::Macro(name.to_owned(), self.cursor.span(start)));
        }
        let word = self.cursor.next_word();
        self.cursor.fail(SyntaxErrorKind::Check(word))
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return self.cursor.fail(SyntaxErrorKind::Depth);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// The parenthesis that closes the one at `open`.
    fn close(&mut self, open: usize) -> Result<()> {
        self.cursor.blanks();
        if self.cursor.eat(")") {
            return Ok(());
        }
        if self.cursor.rest().is_empty() {
            return Err(SyntaxError { at: open, told: self.cursor.at, kind: SyntaxErrorKind::Unclosed });
        }
        let word = self.cursor.next_word();
        self.cursor.fail(SyntaxErrorKind::Close(word))
    }

    /// A field or a transformer.
    fn operand(&mut self) -> Result<Option<Operand>> {
        let start = self.cursor.at;
        let Some(name) = self.cursor.field_name() else {
            return self.function(false);
        };
        let arg = self.bracket()?;
        let name = name.to_owned();
        Ok(Some(Operand::Field { name, arg, span: self.cursor.span(start) }))
    }

    /// A transformer; `val` only where `is_right`: there a plain field name is a word.
    fn function(&mut self, is_right: bool) -> Result<Option<Operand>> {
        let start = self.cursor.at;
        let is_next = |function: &Function| {
            let rest = self.cursor.rest().strip_prefix(function.word());
            (is_right || *function != Function::Val)
                && rest.is_some_and(|rest| rest.trim_start_matches(is_blank).starts_with('('))
        };
        let Some(function) = Function::all().find(is_next) else { return Ok(None) };
        self.cursor.eat(function.word());
        self.cursor.blanks();
        let open = self.cursor.at;
        self.cursor.eat("(");
        self.nested(|parser| parser.call(start, open, function)).map(Some)
    }

    fn call(&mut self, start: usize, open: usize, function: Function) -> Result<Operand> {
        let mut args = Vec::new();
        loop {
            self.cursor.blanks();
            let before = self.cursor.at;
            let arg = match self.argument(true)? {
                Some(Operand::Field { name, arg, span }) => Operand::Field { name, arg, span },
                _ if function == Function::Val => {
                    self.cursor.at = before;
                    return self.cursor.fail(SyntaxErrorKind::Val);
                }
                Some(arg) => arg,
                None => return self.cursor.fail(SyntaxErrorKind::FunctionArgument(function.word())),
            };
            args.push(arg);
            self.cursor.blanks();
            if !self.cursor.eat(",") {
                break;
            }
        }
        self.close(open)?;
        let arg = self.bracket()?;
        Ok(Operand::Call { function, args, arg, span: self.cursor.span(start) })
    }

    fn argument(&mut self, is_list_allowed: bool) -> Result<Option<Operand>> {
        let start = self.cursor.at;
        if let Some(literal) = self.cursor.number() {
            return Ok(Some(Operand::Text(literal)));
        }
        if let Some(literal) = self.cursor.quoted()? {
            return Ok(Some(Operand::Text(literal)));
        }
        if !is_list_allowed || !self.cursor.eat("(") {
            return self.operand();
        }
        let mut items = Vec::new();
        self.cursor.blanks();
        if !self.cursor.rest().starts_with(')') {
            loop {
                self.cursor.blanks();
                match self.argument(false)? {
                    Some(item) => items.push(item),
                    None => return self.cursor.fail(SyntaxErrorKind::ListItem),
                }
                self.cursor.blanks();
                if !self.cursor.eat(",") {
                    break;
                }
            }
        }
        self.close(start)?;
        Ok(Some(Operand::List(items, self.cursor.span(start))))
    }

    fn bracket(&mut self) -> Result<Option<String>> {
        if !self.cursor.eat("[") {
            return Ok(None);
        }
        let argument = match self.cursor.quoted()? {
            Some(literal) => String::from_utf8_lossy(&literal.bytes).into_owned(),
            None => match self.cursor.bare_argument() {
                Some(word) => word.to_owned(),
                None => return self.cursor.fail(SyntaxErrorKind::Argument),
            },
        };
        if !self.cursor.eat("]") {
            return self.cursor.fail(SyntaxErrorKind::Bracket);
        }
        Ok(Some(argument))
    }

    fn comparison(&mut self, operand: Operand) -> Result<Check> {
        self.cursor.blanks();
        let start = self.cursor.at;
        let Some(op) = self.operator() else {
            let name = match &operand {
                Operand::Field { name, .. } => name.as_str(),
                Operand::Call { function, .. } => function.word(),
                Operand::Text(_) | Operand::List(..) => "",
            };
            return self.cursor.fail(SyntaxErrorKind::Operator(name.to_owned()));
        };
        let op_span = self.cursor.span(start);
        self.cursor.blanks();
        let value = self.value(op)?;
        Ok(Check { operand, op, op_span, value })
    }

    fn operator(&mut self) -> Option<Op> {
        let cursor = &mut self.cursor;
        Op::ALL.iter().copied().find(|op| match op {
            Op::Eq => cursor.eat("==") || cursor.eat("="),
            Op::Exists
            | Op::Le
            | Op::Lt
            | Op::Ge
            | Op::Gt
            | Op::Ne
            | Op::Intersects
            | Op::In
            | Op::Pmatch => cursor.eat(op.word()),
            _ => cursor.eat_word(op.word()),
        })
    }

    fn value(&mut self, op: Op) -> Result<Rhs> {
        match op {
            Op::Exists => return Ok(Rhs::None),
            Op::Intersects | Op::In | Op::Pmatch => return self.list_value(op),
            Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                if let Some(literal) = self.cursor.number() {
                    return Ok(Rhs::One(literal));
                }
                return match self.function(true)? {
                    Some(operand) => Ok(Rhs::Operand(operand)),
                    None => self.cursor.fail(SyntaxErrorKind::Value(op.word(), "number")),
                };
            }
            _ => {}
        }
        if let Some(modifier) = self.modifier() {
            self.cursor.blanks();
            return match self.list()? {
                Some(list) => Ok(Rhs::Each(modifier, list)),
                None => self.cursor.fail(SyntaxErrorKind::List(op.word())),
            };
        }
        if let Some(operand) = self.function(true)? {
            return Ok(Rhs::Operand(operand));
        }
        let literal = match self.cursor.quoted()? {
            Some(literal) => Some(literal),
            None => self.cursor.bare(),
        };
        literal.map_or_else(
            || self.cursor.fail(SyntaxErrorKind::Value(op.word(), "value")),
            |it| Ok(Rhs::One(it)),
        )
    }

    fn list_value(&mut self, op: Op) -> Result<Rhs> {
        if self.cursor.rest().starts_with('(')
            && let Some(list) = self.list()?
        {
            return Ok(Rhs::List(list));
        }
        if let Some(operand) = self.function(true)? {
            return Ok(Rhs::Operand(operand));
        }
        match self.list()? {
            Some(list) => Ok(Rhs::List(list)),
            None => self.cursor.fail(SyntaxErrorKind::List(op.word())),
        }
    }

    /// `oneof`, `anyof` or `allof`, if a list or a name follows; else it is an ordinary word.
    fn modifier(&mut self) -> Option<Modifier> {
        let words = [("oneof", Modifier::Oneof), ("anyof", Modifier::Anyof), ("allof", Modifier::Allof)];
        let start = self.cursor.at;
        let (_, modifier) = words.into_iter().find(|(word, _)| self.cursor.eat_word(word))?;
        self.cursor.blanks();
        let behind = self.cursor.at;
        let next = self.cursor.identifier();
        let is_list = match next {
            Some(name) => !["and", "or", "not"].contains(&name),
            None => self.cursor.rest().starts_with('('),
        };
        self.cursor.at = if is_list { behind } else { start };
        is_list.then_some(modifier)
    }

    /// A list in parentheses, or one identifier in its place.
    fn list(&mut self) -> Result<Option<Vec<Literal>>> {
        let start = self.cursor.at;
        if !self.cursor.eat("(") {
            let name = self.cursor.identifier();
            let span = self.cursor.span(start);
            return Ok(name.map(|name| vec![Literal { bytes: name.as_bytes().to_vec(), span }]));
        }
        let mut items = Vec::new();
        self.cursor.blanks();
        if self.cursor.eat(")") {
            return Ok(Some(items));
        }
        loop {
            self.cursor.blanks();
            let item = match self.cursor.quoted()? {
                Some(literal) => Some(literal),
                None => self.cursor.bare(),
            };
            match item {
                Some(item) => items.push(item),
                None => return self.cursor.fail(SyntaxErrorKind::ListItem),
            }
            self.cursor.blanks();
            if !self.cursor.eat(",") {
                break;
            }
        }
        self.close(start)?;
        Ok(Some(items))
    }
}
