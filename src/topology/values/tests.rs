use super::*;

fn world(vars: &[(&str, Value)]) -> Arc<World> {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), Content::of(value.clone()))).collect();
    let scope = Scope { name: "puck.incus".into(), group_names: vec!["docker".into()], vars, ..Scope::default() };
    let other = Scope {
        name: "ariel.incus".into(),
        group_names: Vec::new(),
        vars: [
            ("port".to_owned(), Content::of(Value::from("{{ base }}"))),
            ("base".to_owned(), Content::of(Value::from(7))),
        ]
        .into(),
        ..Scope::default()
    };
    Arc::new(World {
        groups: [("docker".to_owned(), vec!["puck.incus".to_owned()])].into(),
        hosts: [("puck.incus".to_owned(), Arc::new(scope)), ("ariel.incus".to_owned(), Arc::new(other))].into(),
        ..World::default()
    })
}

fn on(vars: &[(&str, Value)], text: &str) -> Result<Resolved, Unresolved> {
    evaluate(&world(vars), "puck.incus", text, &Arc::default())
}

fn text(vars: &[(&str, Value)], template: &str) -> String {
    on(vars, template).unwrap().text
}

#[test]
fn an_address_takes_the_port_of_its_variable() {
    let vars = [("kairos_syslog_port", Value::from(51401))];
    let got = on(&vars, "tcp://127.0.0.1:{{ kairos_syslog_port }}").unwrap();
    assert_eq!(got.text, "tcp://127.0.0.1:51401");
    assert_eq!(got.used, ["kairos_syslog_port"]);
    assert!(got.undefined.is_empty());
}

#[test]
fn a_chain_of_variables_is_followed_and_named_link_by_link() {
    let vars = [
        ("syslog_base", Value::from(51400)),
        ("kairos_port", Value::from("{{ syslog_base + 1 }}")),
        ("kairos_syslog_port", Value::from("{{ kairos_port }}")),
    ];
    let got = on(&vars, "127.0.0.1:{{ kairos_syslog_port }}").unwrap();
    assert_eq!(got.text, "127.0.0.1:51401");
    assert_eq!(got.used, ["kairos_syslog_port", "kairos_port", "syslog_base"]);
    assert_eq!(on(&vars, "{{ kairos_syslog_port + 1 }}").unwrap().value, Value::from(51402), "native types survive");
}

#[test]
fn what_cannot_be_told_of_a_dict_leaves_the_rest() {
    let item = [("name", "kairos"), ("dir", "{{ root }}/{{ name }}"), ("port", "{{ vault_port }}")];
    let stacks = |item: &[(&str, &str)]| Value::from(vec![Value::from_pairs(item.iter().copied())]);
    let vars = [("name", Value::from("kairos")), ("stacks", stacks(&item))];
    assert_eq!(text(&vars, "{{ stacks[0].name }} of {{ stacks | length }}"), "kairos of 1");
    // What is known of a part stays with it, and nothing is worked out from it.
    let dir = on(&vars, "{{ stacks[0].dir }}/compose.yml").unwrap_err();
    assert_eq!(dir.marked.as_deref(), Some("\u{E000}root\u{E001}/kairos/compose.yml"));
    for filter in
        ["", " | int + 1", " | string | int", " | length", " + 1", " is defined and stacks[0].port", " | ternary(1, 2)"]
    {
        assert!(on(&vars, &format!("{{{{ stacks[0].port{filter} }}}}")).is_err(), "{filter}");
    }
    let vars = [("stacks", stacks(&[("name", "kairos"), ("again", "{{ stacks }}")]))];
    assert!(on(&vars, "{{ stacks[0].name }}").is_err(), "one that leads back to itself is broken");
}

#[test]
fn dict_and_list_items_are_reached_by_path() {
    let ports = Value::from_pairs([("kairos", Value::from("{{ base + 1 }}"))]);
    let vars = [("base", Value::from(51400)), ("ports", ports)];
    assert_eq!(text(&vars, "{{ ports['kairos'] }}"), "51401");
    assert_eq!(text(&vars, "{{ ports.kairos }}"), "51401");
    assert_eq!(on(&vars, "{{ ports.angelia }}").unwrap_err().reason, Reason::Undefined);
}

#[test]
fn undefined_is_an_answer_only_where_the_template_asks_for_it() {
    let gone = on(&[], "tcp://127.0.0.1:{{ kairos_syslog_port }}").unwrap_err();
    assert_eq!((gone.name.as_str(), gone.reason), ("kairos_syslog_port", Reason::Undefined));
    let kept = on(&[], "{{ p | default(51401) }}").unwrap();
    assert_eq!((kept.text.as_str(), kept.undefined.as_slice()), ("51401", &["p".to_owned()][..]));
    assert_eq!(on(&[], "{{ p }}").unwrap_err().reason, Reason::Undefined, "no empty text");
    assert_eq!(on(&[], "{% if p %}a{% endif %}").unwrap_err().reason, Reason::Undefined);
}

#[test]
fn what_only_ansible_knows_stays_unknown_even_with_a_default() {
    let got = on(&[], "{{ ansible_facts.hostname | default('x') }}").unwrap_err();
    assert_eq!((got.name.as_str(), got.reason), ("ansible_facts", Reason::Runtime));
    assert_eq!(on(&[], "{{ item | default(1) }}").unwrap_err().reason, Reason::Runtime);
    assert_eq!(on(&[], "{{ lookup('env', 'HOME') }}").unwrap_err().reason, Reason::Unsupported);
    assert_eq!(on(&[("a", Value::from(1))], "{{ a | frobnicate }}").unwrap_err().reason, Reason::Unsupported);
}

#[test]
fn vault_values_stop_an_evaluation_that_touches_them() {
    let nested = Value::from_pairs([("port", Hidden::value()), ("open", Value::from(5))]);
    let vars = [("vault_port", Hidden::value()), ("port", Value::from("{{ vault_port }}")), ("dict", nested)];
    for template in ["{{ vault_port }}", "{{ port | default(1) }}", "a{{ dict.port }}", "{{ dict.port ~ 'x' }}"] {
        assert_ne!(on(&vars, template).unwrap_err().reason, Reason::Undefined, "{template}");
    }
    assert_eq!(text(&vars, "{{ dict.open }}"), "5");
}

#[test]
fn cycles_and_bombs_end() {
    let vars = [("a", Value::from("{{ b }}")), ("b", Value::from("{{ a }}"))];
    assert_eq!(on(&vars, "{{ a }}").unwrap_err().reason, Reason::Cycle);
    let long: Vec<(String, Value)> = (0..60)
        .map(|at| (format!("v{at}"), Value::from(format!("{{{{ v{} }}}}{{{{ v{} }}}}", at + 1, at + 1))))
        .collect();
    let long: Vec<(&str, Value)> = long.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(on(&long, "{{ v0 }}").unwrap_err().reason, Reason::TooMuch);
    let doubling: Vec<(String, Value)> = (0..22)
        .map(|at| (format!("v{at}"), Value::from(format!("{{{{ v{} }}}}{{{{ v{} }}}}", at + 1, at + 1))))
        .chain([("v22".to_owned(), Value::from("0123456789"))])
        .collect();
    let doubling: Vec<(&str, Value)> = doubling.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(on(&doubling, "{{ v0 }}").unwrap_err().reason, Reason::TooMuch);
    assert_eq!(
        on(&[], "{% for i in range(9000) %}{% for j in range(9000) %}x{% endfor %}{% endfor %}").unwrap_err().reason,
        Reason::TooMuch
    );
}

#[test]
fn magic_variables_and_other_hosts() {
    assert_eq!(text(&[], "{{ inventory_hostname }} {{ inventory_hostname_short }}"), "puck.incus puck");
    assert_eq!(text(&[], "{{ group_names | join(',') }} {{ groups['docker'] | first }}"), "docker puck.incus");
    assert_eq!(text(&[], "{{ hostvars['ariel.incus'].port }}"), "7");
    assert_eq!(text(&[], "{{ hostvars['ariel.incus']['inventory_hostname'] }}"), "ariel.incus");
    assert_eq!(text(&[], "{{ 'docker' in group_names }}"), "True");
}

#[test]
fn common_filters_do_what_ansible_does() {
    let vars = [("s", Value::from("Puck.Incus")), ("n", Value::from("51401")), ("yes", Value::from("on"))];
    for (template, expected) in [
        ("{{ s | lower | replace('.', '-') }}", "puck-incus"),
        ("{{ n | int + 1 }}", "51402"),
        ("{{ 'x' | int }}", "0"),
        ("{{ yes | bool }}", "True"),
        ("{{ '/a/b.yml' | basename }} {{ '/a/b.yml' | dirname }}", "b.yml /a"),
        ("{{ s | regex_replace('^(\\w+)\\..*', '\\\\1') }}", "Puck"),
        ("{{ (n == '51401') | ternary('a', 'b') }}", "a"),
        ("{{ {'b': 1, 'a': [1, 2]} | to_json }}", "{\"b\": 1, \"a\": [1, 2]}"),
        ("{{ s is match('Inc') }} {{ s is search('Inc') }}", "False True"),
        ("{{ s.split('.')[0] }} {{ s.lower() }}", "Puck puck.incus"),
        ("{{ ' a ' | trim }}{# gone #}", "a"),
        ("{{ {'a': 1} | dictsort | first | first }}", "a"),
    ] {
        assert_eq!(text(&vars, template), expected, "{template}");
    }
}

#[test]
fn extra_values_stand_above_the_host_and_may_be_templates() {
    let above = vec![("a".to_owned(), Value::from(2)), ("b".to_owned(), Value::from("{{ a + 1 }}"))];
    let frame = Arc::new(Frame { above, below: None });
    let got = evaluate(&world(&[("a", Value::from(1))]), "puck.incus", "{{ a }}-{{ b }}", &frame);
    assert_eq!(got.unwrap().text, "2-3");
}

#[test]
fn odd_texts_are_errors_not_panics() {
    for template in ["{{", "{{ }}", "{% if %}", "{{ a..b }}", "{{ 1 / 0 }}", "{{ [] [0] }}", "{{ 'a' * 999999999999 }}"]
    {
        assert!(on(&[], template).is_err(), "{template}");
    }
    let deep = format!("{{{{ {} }}}}", "(".repeat(50_000));
    assert!(on(&[], &deep).is_err());
}

#[test]
fn a_backslash_stands_for_itself_in_a_variable_but_not_in_a_template_file() {
    let vars =
        [("s", Value::from("Puck.Incus")), ("short", Value::from(r"\ {{ s | regex_replace('^(\w+)\..*', '\1x') }}"))];
    assert_eq!(text(&vars, "{{ short }}"), r"\ Puckx");
    assert_eq!(text(&vars, r"{{ s | regex_replace('^(\\w+)\\..*', '\\1x') }}"), "Puckx");
}

/// The same text below other variables is another one only where it asks for them.
#[test]
fn what_stands_around_the_host_counts_only_where_it_is_asked_for() {
    let world = world(&[("a", Value::from(1))]);
    let defaults = |name: &str, value: i64| -> Arc<Defaults> {
        Arc::new([(name.to_owned(), Content::of(Value::from(value)))].into())
    };
    let text = |above: &[(&str, i64)], below: Option<Vec<Arc<Defaults>>>| {
        let above = above.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let frame = Arc::new(Frame { above, below });
        let got = evaluate(&world, "puck.incus", "{{ a }}-{{ b | default('none') }}", &frame);
        got.map_or_else(|error| error.to_string(), |got| got.text)
    };
    for _ in 0..2 {
        assert_eq!(text(&[], None), "1-none");
        assert_eq!(text(&[("c", 5)], None), "1-none");
        assert_eq!(text(&[("a", 5)], None), "5-none");
        assert_eq!(text(&[], Some(vec![defaults("b", 2), defaults("b", 3)])), "1-3");
        assert_eq!(text(&[], Some(vec![defaults("b", 2), defaults("a", 3)])), "1-2");
        assert_eq!(text(&[("b", 5)], Some(vec![defaults("b", 2)])), "1-5");
        assert_eq!(text(&[], Some(Vec::new())), "1-none");
    }
}

/// Texts that nest or chain `n` times, each in its own way.
fn chains(n: usize) -> Vec<(&'static str, String)> {
    let expression = |inside: String| format!("{{{{ {inside} }}}}");
    let around = |open: &str, inside: &str, close: &str| open.repeat(n) + inside + &close.repeat(n);
    let elifs = "{% elif 0 %}b".repeat(n);
    vec![
        ("not", expression("not ".repeat(n) + "1")),
        ("minus", expression("-".repeat(n) + "1")),
        ("spaced minus", expression("- ".repeat(n) + "1")),
        ("plus", expression("1".to_owned() + &"+1".repeat(n))),
        ("times", expression("1".to_owned() + &"*1".repeat(n))),
        ("power", expression("1".to_owned() + &"**1".repeat(n))),
        ("text", expression("'a'".to_owned() + &"~'a'".repeat(n))),
        ("dot", expression("a".to_owned() + &".a".repeat(n))),
        ("index", expression("a".to_owned() + &"[0]".repeat(n))),
        ("slice", expression("a".to_owned() + &"[1:]".repeat(n))),
        ("call", expression("a".to_owned() + &"()".repeat(n))),
        ("filter", expression("1".to_owned() + &"|int".repeat(n))),
        ("test", expression("1".to_owned() + &" is defined".repeat(n))),
        ("and", expression("1".to_owned() + &" and 1".repeat(n))),
        ("or", expression("0".to_owned() + &" or 0".repeat(n))),
        ("equal", expression("1".to_owned() + &" == 1".repeat(n))),
        ("in", expression("1".to_owned() + &" in [1]".repeat(n))),
        ("if", expression("1 if 1 else ".repeat(n) + "2")),
        ("if without else", expression("1".to_owned() + &" if 1".repeat(n))),
        ("parentheses", expression(around("(", "1", ")"))),
        ("open parentheses", expression("(".repeat(n))),
        ("lists", expression(around("[", "1", "]"))),
        ("dicts", expression(around("{1:", "1", "}"))),
        ("calls in calls", expression(around("int(", "1", ")"))),
        ("negated parentheses", expression(around("-(", "1", ")"))),
        ("blocks", around("{% if 1 %}", "a", "{% endif %}")),
        ("loops", around("{% for i in [1] %}", "a", "{% endfor %}")),
        ("sets", around("{% set x %}", "a", "{% endset %}")),
        ("withs", around("{% with a = 1 %}", "a", "{% endwith %}")),
        ("filters", around("{% filter upper %}", "a", "{% endfilter %}")),
        ("elifs", format!("{{% if 0 %}}a{elifs}{{% endif %}}")),
        ("open blocks", "{% if 1 %}".repeat(n)),
        ("targets", format!("{{% set {}a{} = 1 %}}", "(".repeat(n), ")".repeat(n))),
        ("macros", around("{% macro m() %}", "a", "{% endmacro %}")),
        ("in a statement", format!("{{% if {}1 %}}a{{% endif %}}", "not ".repeat(n))),
    ]
}

#[test]
fn no_text_overflows_the_stack() {
    for n in [60, 120, 250, 500, 1_000, 3_000, 12_000] {
        for (what, text) in chains(n) {
            let ended = on(&[("a", Value::from(1))], &text);
            if n > 1_000 {
                let reason = ended.map_err(|failure| failure.reason);
                assert_eq!(reason.err(), Some(Reason::TooMuch), "{n} times {what}");
            }
            assert!(literal(text.trim_matches(['{', '}', ' '])).is_none() || n <= 1_000, "{n} times {what}");
        }
    }
}

#[test]
fn no_value_grows_without_a_bound() {
    let again = |n: usize, what: &str| what.repeat(n);
    let doubled = |set: &str, ask: &str| format!("{{% set x = [1] %}}{}{{{{ {ask} }}}}", again(60, set));
    let space = |set: &str, ask: &str| {
        format!("{{% set n = namespace(x=[1], t='a') %}}{{% for i in range(9000) %}}{set}{{% endfor %}}{{{{ {ask} }}}}")
    };
    let long = "('a' * 90000)";
    for (what, text) in [
        ("a replacement", "{{ ('a' * 90000) | regex_replace('a', 'b' * 90000) }}".to_owned()),
        ("groups", format!("{{{{ ('a' * 60000) | regex_replace('(a+)', '{}') }}}}", again(1000, "\\\\1"))),
        ("replace", format!("{{{{ {long} | replace('a', {long}) }}}}")),
        ("replace, as a method", format!("{{{{ {long}.replace('a', {long}) }}}}")),
        ("join", format!("{{{{ range(90000) | join({long}) }}}}")),
        ("indent", "{{ ('a\\n' * 90000) | indent(90000) }}".to_owned()),
        ("format", "{{ '%0999999999d' | format(1) }}".to_owned()),
        ("a repeated text", "{{ 'a' * 99999999 }}".to_owned()),
        ("a repeated list", "{{ [1] * 99999999 }}".to_owned()),
        ("a repeated tuple", "{{ ((1, 2) * 9999999) | length }}".to_owned()),
        ("a range", "{{ range(1000000000) | list | length }}".to_owned()),
        ("lists of ranges", "{{ range(90000) | map('string') | join | length }}".to_owned()),
        ("doubled sums", doubled("{% set x = x + x %}", "x | length")),
        ("doubled lists", doubled("{% set x = [x, x] %}", "x | length")),
        ("doubled tuples", doubled("{% set x = (x, x) %}", "x == x")),
        ("doubled dicts", doubled("{% set x = {'a': x, 'b': x} %}", "x | tojson")),
        ("doubled by dict()", doubled("{% set x = dict(a=x, b=x) %}", "x | to_json")),
        ("doubled by zip", doubled("{% set x = x | zip(x) %}", "x | list | length")),
        ("doubled texts", format!("{{% set x = 'a' %}}{}{{{{ x }}}}", again(60, "{% set x = x ~ x %}"))),
        ("doubled by capture", format!("{{% set x = 'a' %}}{}", again(60, "{% set x %}{{ x }}{{ x }}{% endset %}"))),
        ("a namespace that doubles", space("{% set n.x = n.x + n.x %}", "n.x | length")),
        ("a namespace that nests", space("{% set n.x = [n.x] %}", "n.x | length")),
        ("a namespace that batches", space("{% set n.x = n.x | batch(1) | list %}", "n.x | length")),
        ("a namespace of texts", space("{% set n.t = n.t ~ n.t %}", "n.t")),
        ("a namespace in itself", space("{% set n.x = n %}", "n.x ~ ''")),
        ("a namespace in a list", space("{% set n.x = [n] %}", "n | tojson")),
        (
            "a macro that calls itself",
            "{% macro m(x) %}{{ m(x ~ x) }}{{ m(x ~ x) }}{% endmacro %}{{ m('a') }}".to_owned(),
        ),
        ("a long output", "{% for i in range(9000) %}0123456789012345678901234567890123456789{% endfor %}".to_owned()),
        (
            "large patterns",
            "{% for i in range(9000) %}{{ 'a' is match('(a{100}){' ~ i ~ '}') }}{% endfor %}".to_owned(),
        ),
    ] {
        let ended = on(&[], &text);
        let reason = ended.as_ref().map_err(|failure| failure.reason);
        assert!(matches!(reason, Err(Reason::TooMuch | Reason::Unsupported)), "{what}: {ended:?}");
    }
}

#[test]
fn sums_of_long_lists_are_not_unfolded_by_the_compiler() {
    let sum = format!("([1] * 99999999){}", " + [1]".repeat(40));
    assert_eq!(on(&[], &format!("{{{{ ({sum}) | length }}}}")).unwrap_err().reason, Reason::TooMuch);
    assert_eq!(literal(&sum), None);
    assert_eq!(literal("[1] * 99999999"), None);
}

#[test]
fn lists_that_name_lists_are_weighed_together() {
    let level = |at: usize| {
        let item = Value::from(format!("{{{{ v{} }}}}", at + 1));
        (format!("v{at}"), Value::from(vec![item; 4]))
    };
    let vars: Vec<(String, Value)> = (0..14).map(level).chain([("v14".to_owned(), Value::from(vec![1, 2]))]).collect();
    let vars: Vec<(&str, Value)> = vars.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(on(&vars, "{{ v0 | length }}").unwrap_err().reason, Reason::TooMuch);
    assert_eq!(text(&vars, "{{ v9 | length }}"), "4");
}

#[test]
fn chains_of_variables_with_macros_in_lists_fit_the_stack() {
    let nest = |inside: String| {
        let macros = "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% else %}";
        let text = format!("{macros}{inside}{{% endif %}}{{% endmacro %}}{{{{ m(20) }}}}");
        (0..60).fold(Value::from(text), |value, _| Value::from(vec![value]))
    };
    let vars: Vec<(String, Value)> =
        (0..30).map(|at| (format!("v{at}"), nest(format!("{{{{ v{} | string }}}}", at + 1)))).collect();
    let vars: Vec<(&str, Value)> = vars.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert!(on(&vars, "{{ v0 }}").is_err());
    let plain: Vec<(String, Value)> = (0..23)
        .map(|at| (format!("v{at}"), Value::from(format!("{{{{ {}v{}{} }}}}", "(".repeat(55), at + 1, ")".repeat(55)))))
        .chain([("v23".to_owned(), Value::from(7))])
        .collect();
    let plain: Vec<(&str, Value)> = plain.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(text(&plain, "{{ v0 }}"), "7");
}

#[test]
fn what_templates_usually_do_is_not_too_much() {
    let hosts: Vec<Value> = (0..300).map(|at| Value::from(format!("host{at}.incus"))).collect();
    let vars = [("hosts", Value::from(hosts))];
    let targets = "{% set ns = namespace(list=[], found=false) %}{% for h in hosts %}{% set ns.list = ns.list + [{'name': h, 'port': 9000 + loop.index}] %}{% if h == 'host7.incus' %}{% set ns.found = true %}{% endif %}{% endfor %}";
    let asked =
        "{{ ns.list | length }} {{ ns.found }} {{ ns.list[299].name }} {{ ns.list | map(attribute='port') | max }}";
    assert_eq!(text(&vars, &format!("{targets}{asked}")), "300 True host299.incus 9300");
    let arms: Vec<String> = (0..100).map(|at| format!("{{% elif n == {at} %}}{at}")).collect();
    let arms = arms.concat();
    assert_eq!(text(&[("n", Value::from(77))], &format!("{{% if n < 0 %}}-{arms}{{% endif %}}")), "77");
    let any: Vec<String> = (0..60).map(|at| format!("n == 'host{at}'")).collect();
    assert_eq!(text(&[("n", Value::from("host59"))], &format!("{{{{ {} }}}}", any.join(" or "))), "True");
    let tags: Vec<String> = (0..900).map(|at| format!("key{at}: {{{{ hosts[{at} % 300] | upper }}}}\n")).collect();
    assert!(text(&vars, &tags.concat()).ends_with("key899: HOST299.INCUS\n"));
    let dict: Vec<String> = (0..1500).map(|at| format!("'k{at}': base + {at}")).collect();
    let dict = format!("{{% set ports = {{{}}} %}}{{{{ ports.k1499 }}}}", dict.join(", "));
    assert_eq!(text(&[("base", Value::from(1))], &dict), "1500");
    assert_eq!(text(&[], "{{ ('a' * 50000) | regex_replace('^(a).*$', '\\\\1b') }}"), "ab");
    assert_eq!(text(&[], "{{ '-' * 70 ~ 'x' }}").len(), 71);
}

#[test]
fn parts_that_fail_count_as_steps() {
    let part =
        |at: usize| Value::from(format!("{{% for i in range(9000) %}}{at}{{% endfor %}}{{{{ 1 | nosuchfilter }}}}"));
    let vars = [("list", Value::from((0..100).map(part).collect::<Vec<_>>()))];
    assert_eq!(on(&vars, "{{ list | length }}").unwrap_err().reason, Reason::TooMuch);
}
