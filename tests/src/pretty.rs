//! JSON with line breaks, for those who the server takes for people: browsers, curl, wget (`responsewriters`).

use crate::answer::Answer;
use crate::record::Record;

/// The body anew, where the request's agent or its `pretty` parameter asks for it.
pub(crate) fn wanted(record: &Record, answer: &Answer) -> Option<String> {
    let asked = if let Some(value) = record.parameter("pretty") {
        matches!(value, "1" | "true")
    } else {
        let agent = record.header("user-agent").unwrap_or_default();
        answer.status == 406 || ["curl", "Wget", "Mozilla/5.0"].iter().any(|it| agent.starts_with(it))
    };
    let json = answer.headers.iter().any(|(name, value)| name == "content-type" && value == "application/json");
    let text = std::str::from_utf8(answer.body().filter(|_| asked && json)?).ok()?;
    // Broken JSON, and what is pretty already, stay as they are.
    (text.ends_with("}\n") && !text.starts_with("{\n")).then(|| indent(text.trim_end()))
}

/// Go's `json.Indent` with two spaces.
fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3 / 2);
    let mut depth = 0;
    let mut in_string = false;
    let mut escaped = false;
    let mut just_opened = false;
    for it in text.chars() {
        if in_string {
            out.push(it);
            in_string = escaped || it != '"';
            escaped = !escaped && it == '\\';
            continue;
        }
        let closes = matches!(it, '}' | ']');
        if closes {
            depth -= 1;
        }
        // An empty map or list stays on its line.
        if just_opened != closes {
            line(&mut out, depth);
        }
        just_opened = matches!(it, '{' | '[');
        if just_opened {
            depth += 1;
        }
        out.push(it);
        match it {
            '"' => in_string = true,
            ':' => out.push(' '),
            ',' => line(&mut out, depth),
            _ => {}
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_as_go_does() {
        let text = r#"{"a":{},"b":[],"c":[1,{"d":"x, {\"y\\"}],"e":null}"#;
        insta::assert_snapshot!(indent(text), @r#"
        {
          "a": {},
          "b": [],
          "c": [
            1,
            {
              "d": "x, {\"y\\"
            }
          ],
          "e": null
        }
        "#);
    }
}
