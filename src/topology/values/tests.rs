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
