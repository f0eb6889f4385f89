use super::*;
use crate::snapshot::{Entry, EntryKind};
use crate::text::Source;
use crate::topology::values::Content;

/// A snapshot of these files.
fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    let mut entries: Vec<Entry> =
        files.iter().map(|(path, _)| Entry { path: RepoPath::from(*path), kind: EntryKind::File }).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut snapshot = Snapshot::new("0".repeat(40), entries);
    for (path, text) in files {
        snapshot.add(Arc::new(Source::new(*path, 0o100_644, Vec::new(), text.as_bytes().to_vec())));
    }
    snapshot
}

fn inventory(files: &[(&str, &str)]) -> Inventory {
    Inventory::of(&snapshot(files))
}

fn text(inventory: &Inventory, host: &str, template: &str) -> String {
    inventory
        .get(host)
        .unwrap()
        .resolve(template, &Arc::default())
        .map_or_else(|error| error.to_string(), |got| got.text)
}

fn rules(inventory: &Inventory) -> Vec<&'static str> {
    inventory.findings().iter().map(|finding| finding.rule).collect()
}

const YAML: &str = "all:\n  children:\n    docker:\n      hosts:\n        puck.incus:\n        ariel.incus:\n";

#[test]
fn v1_the_first_home_that_exists_is_read_and_the_others_are_named() {
    let found = inventory(&[
        ("ansible/inventory/hosts.yml", YAML),
        ("ansible/inventory/host_vars/puck.incus.yml", "a: yml\n"),
        ("ansible/inventory/host_vars/puck.incus.yaml", "a: yaml\n"),
        ("ansible/inventory/host_vars/puck.incus.json", "{\"a\": \"json\"}"),
    ]);
    assert_eq!(text(&found, "puck.incus", "{{ a }}"), "yml");
    assert_eq!(rules(&found), ["host-vars/shadowed", "host-vars/shadowed"]);
    let bare = inventory(&[
        ("hosts.yml", YAML),
        ("host_vars/puck.incus", "a: bare\n"),
        ("host_vars/puck.incus.yml", "a: yml\n"),
    ]);
    assert_eq!(text(&bare, "puck.incus", "{{ a }}"), "bare");
}

#[test]
fn v1_of_a_folder_every_file_counts_but_backups() {
    let found = inventory(&[
        ("hosts.yml", YAML),
        ("host_vars/puck.incus/main.yml", "a: main\nb: main\n"),
        ("host_vars/puck.incus/syslog", "a: syslog\n"),
        ("host_vars/puck.incus/old.bak", "a: bak\n"),
        ("host_vars/puck.incus/z~", "a: tilde\n"),
        ("host_vars/puck.incus/.z.yml", "a: dot\n"),
        ("host_vars/puck.incus/sub/z.yml", "b: sub\n"),
        ("host_vars/puck.incus/sub.d/z.yml", "b: dotted\n"),
    ]);
    assert_eq!(text(&found, "puck.incus", "{{ a }} {{ b }}"), "syslog sub");
    assert_eq!(found.get("puck.incus").unwrap().definitions_of("a").count(), 2);
}

#[test]
fn v2_values_in_ini_and_yaml_inventories() {
    let ini = "puck.incus kairos_syslog_port=51401 x='a b'\n[docker]\nweb[01:03].incus\n\n[docker:vars]\nbase = 51_400\n[prod:children]\ndocker\n[prod:vars]\nbase=1\nenv=prod\n";
    let found = inventory(&[("inventory.ini", ini)]);
    assert_eq!(
        found.hosts().map(|host| host.name.as_str()).collect::<Vec<_>>(),
        ["puck.incus", "web01.incus", "web02.incus", "web03.incus"]
    );
    assert_eq!(text(&found, "puck.incus", "{{ kairos_syslog_port }} {{ x }}"), "51401 a b");
    assert_eq!(text(&found, "web02.incus", "{{ base + 1 }} {{ env }}"), "51401 prod");
    let at = &found.get("puck.incus").unwrap().definition("kairos_syslog_port").unwrap();
    assert_eq!((at.entry.text(), at.value_at.text(), at.own_lines), ("kairos_syslog_port=51401", "51401", false));
    let base = found.get("web01.incus").unwrap().definition("base").unwrap();
    assert_eq!((base.entry.text(), base.value_at.text()), ("base = 51_400", "51_400"));
    let yaml = "all:\n  hosts:\n    puck.incus:\n      kairos_syslog_port: 51401  # kairos\n  vars:\n    z: 1\n";
    let found = inventory(&[("inventory/hosts.yml", yaml)]);
    let at = found.get("puck.incus").unwrap().definition("kairos_syslog_port").unwrap();
    assert_eq!((at.entry.text(), at.own_lines), ("      kairos_syslog_port: 51401  # kairos\n", true));
    assert_eq!(at.layer, Layer::InventoryHost);
}

#[test]
fn v2_alias_and_full_name_are_two_hosts_and_scripts_are_said() {
    let found = inventory(&[
        ("hosts", "[docker]\npuck\n"),
        ("host_vars/puck.incus.yml", "a: 1\n"),
        ("inventory/list.py", "#!/usr/bin/env python3\n"),
    ]);
    assert_eq!(found.hosts().len(), 2);
    assert_eq!(found.find("puck").unwrap().name, "puck");
    assert!(rules(&found).contains(&"hosts/unlisted") && rules(&found).contains(&"hosts/script"));
}

#[test]
fn v3_every_spelling_of_a_port_resolves_to_the_same_text() {
    let vars = "a: 51401\nb: \"51401\"\nc: 51_401\nsyslog_base: 51400\nd: \"{{ syslog_base + 1 }}\"\ne: \"{{ d }}\"\n";
    let found = inventory(&[("hosts.yml", YAML), ("host_vars/puck.incus.yml", vars)]);
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(text(&found, "puck.incus", &format!("{{{{ {name} }}}}")), "51401", "{name}");
    }
    let got = found.get("puck.incus").unwrap().resolve("127.0.0.1:{{ e }}", &Arc::default()).unwrap();
    assert_eq!(got.used, ["e", "d", "syslog_base"]);
}

#[test]
fn v4_ports_in_dicts_and_lists() {
    let vars = "syslog_ports: {kairos: 51401, angelia: \"{{ base + 2 }}\"}\nbase: 51400\nalloy_listeners:\n  - name: kairos\n    port: 51401\n";
    let found = inventory(&[("hosts.yml", YAML), ("host_vars/puck.incus.yml", vars)]);
    assert_eq!(text(&found, "puck.incus", "{{ syslog_ports['kairos'] }} {{ syslog_ports.angelia }}"), "51401 51402");
    assert_eq!(text(&found, "puck.incus", "{{ alloy_listeners[0].port }}"), "51401");
    assert_eq!(
        text(&found, "puck.incus", "{{ (alloy_listeners | selectattr('name', 'eq', 'kairos') | first).port }}"),
        "51401"
    );
}

#[test]
fn v5_the_layers_stand_in_ansibles_order() {
    let found = inventory(&[
        ("ansible.cfg", "[defaults]\ninventory = inv/hosts.ini\n"),
        (
            "inv/hosts.ini",
            "[docker]\npuck.incus f=inline g=inline\n[docker:vars]\nc=group\nd=group\n[all:vars]\nb=all\nc=all\n",
        ),
        ("roles/kairos/defaults/main.yml", "a: default\nb: default\n"),
        ("inv/group_vars/all.yml", "d: gv_all\ne: gv_all\n"),
        ("inv/group_vars/docker.yml", "e: gv\nf: gv\n"),
        ("inv/host_vars/puck.incus.yml", "g: hv\nh: hv\n"),
        ("group_vars/all/main.yml", "e: play_all\n"),
        ("host_vars/puck.incus.yml", "h: play_hv\n"),
    ]);
    assert_eq!(
        text(&found, "puck.incus", "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }} {{ g }} {{ h }}"),
        "default all group gv_all gv inline hv play_hv"
    );
    let host = found.get("puck.incus").unwrap();
    assert_eq!(host.definition("a").unwrap().owner, Owner::Role("kairos".into()));
    let layers: Vec<Layer> = host.definitions().map(|definition| definition.layer).collect();
    assert!(layers.is_sorted(), "{layers:?}");
}

#[test]
fn v5_deeper_groups_then_priority_then_name_decide() {
    let ini = "[b]\nh\n[a]\nh\n[parent:children]\nzdeep\n[zdeep]\nh\n[a:vars]\nx=a\ny=a\n[b:vars]\nx=b\ny=b\n[zdeep:vars]\nx=deep\n[a:vars]\nansible_group_priority=10\n";
    let found = inventory(&[("hosts", ini)]);
    assert_eq!(text(&found, "h", "{{ x }} {{ y }}"), "deep a");
    assert_eq!(found.get("h").unwrap().groups, ["b", "parent", "a", "zdeep"]);
}

#[test]
fn v6_a_vault_file_may_hide_anything() {
    let vault = "$ANSIBLE_VAULT;1.1;AES256\n6231\n";
    let found = inventory(&[
        ("hosts.yml", YAML),
        ("host_vars/puck.incus/main.yml", "a: 1\n"),
        ("host_vars/puck.incus/vault", vault),
        ("group_vars/docker.yml", "b: [\n"),
    ]);
    let host = found.get("puck.incus").unwrap();
    assert_eq!(
        host.opaque_files.iter().map(|file| (file.path.as_str(), file.why.as_str())).collect::<Vec<_>>(),
        [("group_vars/docker.yml", "is no readable YAML"), ("host_vars/puck.incus/vault", "is encrypted"),]
    );
    assert!(host.may_hide_variables());
    assert_eq!(text(&found, "puck.incus", "{{ a }}"), "1");
}

#[test]
fn v7_an_inline_vault_is_one_opaque_value_and_leaves_its_neighbours_alone() {
    let vars = "kairos_token: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6231\nkairos_syslog_port: 51401\np: \"{{ kairos_token }}\"\n";
    let found = inventory(&[("hosts.yml", YAML), ("host_vars/puck.incus.yml", vars)]);
    let host = found.get("puck.incus").unwrap();
    assert!(matches!(host.definition("kairos_token").unwrap().content, Content::Opaque));
    assert_eq!(
        host.definition("kairos_token").unwrap().entry.text(),
        "kairos_token: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6231\n"
    );
    assert_eq!(host.definition("kairos_syslog_port").unwrap().entry.text(), "kairos_syslog_port: 51401\n");
    assert_eq!(host.resolve("{{ p }}", &Arc::default()).unwrap_err().reason, values::Reason::Opaque);
    assert_eq!(host.resolve("{{ p | default(1) }}", &Arc::default()).unwrap_err().reason, values::Reason::Opaque);
    let hidden = inventory(&[("hosts.yml", YAML), ("host_vars/puck.incus.yml", "p: \"{{ vault_p }}\"\n")]);
    assert_eq!(hidden.get("puck.incus").unwrap().resolve("{{ p }}", &Arc::default()).unwrap_err().name, "vault_p");
}

#[test]
fn v8_every_reader_of_a_port_is_seen_and_sorted() {
    let snapshot = snapshot(&[
        (
            "ansible/host_vars/puck.incus.yml",
            "# kairos_syslog_port below\nkairos_syslog_port: 51401\nother_kairos_syslog_port: 1\n",
        ),
        ("ansible/inventory.ini", "puck.incus kairos_syslog_port=51401\n"),
        (
            "ansible/kairos/deploy.yml",
            "- ansible.builtin.wait_for: {host: 127.0.0.1, port: \"{{ kairos_syslog_port }}\"}\n- when: kairos_syslog_port is defined\n- when:\n    - a\n    - kairos_syslog_port > 1\n",
        ),
        (
            "ansible/kairos/x.j2",
            "{# kairos_syslog_port #}\n# {{ kairos_syslog_port }}\n{% if kairos_syslog_port %}{% endif %}\n",
        ),
        ("docs/logging.md", "Set kairos_syslog_port to 51401.\n"),
        ("z.yml", "vars: {kairos_syslog_port: 1}\n# port: \"{{ kairos_syslog_port }}\"\n"),
    ]);
    let got: Vec<(String, Use)> = readers_of(snapshot.sources(), "kairos_syslog_port")
        .into_iter()
        .map(|reader| {
            (
                format!("{}:{}", reader.at.source.path.name(), reader.at.source.position(reader.at.span.start()).line),
                reader.kind,
            )
        })
        .collect();
    let expected = [
        ("puck.incus.yml:1", Use::Comment),
        ("puck.incus.yml:2", Use::Definition),
        ("inventory.ini:1", Use::Definition),
        ("deploy.yml:1", Use::Expression),
        ("deploy.yml:2", Use::Condition),
        ("deploy.yml:5", Use::Condition),
        ("x.j2:1", Use::Comment),
        ("x.j2:2", Use::Expression),
        ("x.j2:3", Use::Expression),
        ("logging.md:1", Use::Text),
        ("z.yml:1", Use::Definition),
        ("z.yml:2", Use::Comment),
    ];
    assert_eq!(got, expected.map(|(at, kind)| (at.to_owned(), kind)));
}

#[test]
fn v9_an_entry_is_its_lines_without_the_comment_above() {
    let vars = "# ports\r\n\r\n# kairos\r\nkairos_syslog_port: 51401 # trailing\r\nlist:\r\n  - 1\r\n  - 2\r\nlast: x";
    let found = inventory(&[("hosts.yml", YAML), ("host_vars/puck.incus.yml", vars)]);
    let host = found.get("puck.incus").unwrap();
    let entry = |name: &str| host.definition(name).unwrap().entry.text().to_owned();
    assert_eq!(entry("kairos_syslog_port"), "kairos_syslog_port: 51401 # trailing\r\n");
    assert_eq!(entry("list"), "list:\r\n  - 1\r\n  - 2\r\n");
    assert_eq!(entry("last"), "last: x");
    for empty in ["", "---\n", "# only\n", "---\n...\n"] {
        let found = inventory(&[("hosts.yml", YAML), ("host_vars/puck.incus.yml", empty)]);
        assert!(found.findings().is_empty() && !found.get("puck.incus").unwrap().may_hide_variables(), "{empty:?}");
    }
}

#[test]
fn v10_broken_files_are_findings_and_the_others_go_on() {
    let found = inventory(&[
        ("hosts.yml", YAML),
        ("group_vars/all.yml", "a: *nowhere\nb: @x\n"),
        ("host_vars/puck.incus.yml", "base: &b {x: 1, y: 1}\nm: {<<: *b, y: 2}\na: 1\na: 2\n"),
        ("host_vars/ariel.incus.yml", "ok: 1\nbad: *\n"),
    ]);
    assert_eq!(text(&found, "puck.incus", "{{ a }} {{ m.x }} {{ m.y }}"), "2 1 2");
    let mut rules = rules(&found);
    rules.sort_unstable();
    assert_eq!(rules, ["host-vars/duplicate-key", "host-vars/unreadable", "host-vars/unreadable"]);
    let broken = found.findings().iter().find(|finding| finding.rule == "host-vars/unreadable").unwrap();
    assert_eq!(format!("{:?}", broken.at.as_ref().unwrap()), "group_vars/all.yml:1:4");
}

#[test]
fn a_host_is_found_by_short_name_and_near_ones_are_listed() {
    let found = inventory(&[("hosts", "puck.incus\npuck.lan\nariel.incus\nprospero.incus\npuck2.incus\n")]);
    assert_eq!(found.find("ariel").unwrap().name, "ariel.incus");
    assert_eq!(found.find("puck.lan").unwrap().name, "puck.lan");
    assert_eq!(found.find("puck").unwrap_err().ambiguous, ["puck.incus", "puck.lan"]);
    assert_eq!(found.find("arile").unwrap_err().near, ["ariel.incus"]);
    assert_eq!(found.find("prosper").unwrap_err().near, ["prospero.incus"]);
    assert!(found.find("zzzzzzzz").unwrap_err().near.is_empty());
    assert!(found.find("").is_err());
}

#[test]
fn host_patterns_select_as_ansible_does() {
    let found = inventory(&[("hosts", "[web]\nw[1:3].lan\n[db]\nd1.lan\nw3.lan\n[prod:children]\nweb\n")]);
    let select = |pattern: &str| -> Vec<String> {
        found.hosts_of(pattern).unwrap().iter().map(|host| host.short().to_owned()).collect()
    };
    for (pattern, expected) in [
        ("all", "d1 w1 w2 w3"),
        ("prod", "w1 w2 w3"),
        ("web:db", "d1 w1 w2 w3"),
        ("web,db", "d1 w1 w2 w3"),
        ("web:&db", "w3"),
        ("web:!db", "w1 w2"),
        ("!db", "w1 w2"),
        ("w*.lan", "w1 w2 w3"),
        ("web[0]", "w1"),
        ("web[1:2]", "w2 w3"),
        ("web[-1]", "w3"),
        ("~w[12]", "w1 w2"),
        ("w[12].lan", "w1 w2"),
        ("nobody", ""),
    ] {
        assert_eq!(select(pattern).join(" "), expected, "{pattern}");
    }
    assert!(found.hosts_of("{{ target }}").is_none());
}

#[test]
fn inventories_of_two_environments_do_not_mix() {
    let found = inventory(&[
        ("inventories/prod/hosts.yml", "all: {hosts: {puck.incus: }}\n"),
        ("inventories/prod/group_vars/all.yml", "env: prod\n"),
        ("inventories/staging/hosts.yml", "all: {hosts: {ariel.incus: }}\n"),
        ("inventories/staging/group_vars/all.yml", "env: staging\n"),
    ]);
    assert_eq!(text(&found, "puck.incus", "{{ env }}"), "prod");
    assert_eq!(text(&found, "ariel.incus", "{{ env }}"), "staging");
}

#[test]
fn odd_inventories_end() {
    for odd in [
        "[a:children]\nb\n[b:children]\na\n[a]\nh\n",
        "[a:children]\na\n",
        "[\n[]\n[a:b:c]\n[x:vars]\nnothing\n",
        "h[1:99999999999999999999]\n",
        "all: {children: {a: {children: {a: {hosts: {h: }}}}}}\n",
        "all: 5\n",
        "\u{feff}puck.incus\n",
        "---\n",
    ] {
        let _ = inventory(&[("hosts", odd), ("inventory.yml", odd)]);
    }
    assert_eq!(inventory(&[]).hosts().len(), 0);
}

#[test]
fn merge_lists_of_merge_lists_end() {
    let level = |at: usize| {
        let list = vec![format!("*b{}", at - 1); 30].join(", ");
        format!("b{at}: &b{at} {{<<: [{list}], k{at}: v}}\n")
    };
    let chain: Vec<String> = (1..20).map(level).collect();
    let text = format!("b0: &b0 {{a: 1}}\n{}<<: *b19\nport: 51401\n", chain.concat());
    let found = inventory(&[("hosts.yml", YAML), ("host_vars/puck.incus.yml", &text)]);
    assert_eq!(self::text(&found, "puck.incus", "{{ port }} {{ k19 }}"), "51401 v");
}

#[test]
fn a_long_chain_of_groups_counts_to_its_end() {
    let chain: Vec<String> = (0..3_000).map(|at| format!("[g{at}:children]\ng{}\n", at + 1)).collect();
    let hosts = format!("[g3000]\npuck.incus\n[g0:vars]\na=top\nb=top\n[g3000:vars]\na=bottom\n{}", chain.concat());
    let found = inventory(&[("hosts.ini", &hosts)]);
    assert_eq!(text(&found, "puck.incus", "{{ a }} {{ b }} {{ groups['g0'] | first }}"), "bottom top puck.incus");
    assert_eq!(text(&found, "puck.incus", "{{ group_names | length }}"), "3001");
}

#[test]
fn a_loop_of_groups_ends() {
    let ring: Vec<String> = (0..3_000).map(|at| format!("[g{at}:children]\ng{}\n", (at + 1) % 3_000)).collect();
    let found = inventory(&[("hosts.ini", &format!("[g7]\npuck.incus\n{}", ring.concat()))]);
    assert_eq!(text(&found, "puck.incus", "{{ group_names | length }}"), "3000");
}

#[test]
fn many_hosts_in_many_groups_are_told_and_left() {
    let hosts: Vec<String> = (0..2_000).map(|at| format!("h{at}\n")).collect();
    let groups: Vec<String> = (0..2_000).map(|at| format!("[p{at}:children]\ng\n")).collect();
    let found = inventory(&[("hosts.ini", &format!("[g]\n{}{}", hosts.concat(), groups.concat()))]);
    assert_eq!(rules(&found), ["hosts/unreadable"]);
    assert!(found.get("h7").is_none());
}

#[test]
fn ranges_of_one_inventory_are_bounded_together() {
    // 20,000 hosts each, 40,000 of the second with their variable.
    let lines = "[a]\nx[1:20000]\n[b]\ny[1:20000] p=1\n[c]\nz[1:9000]\nlast\n";
    let found = inventory(&[("hosts.ini", lines)]);
    let said: Vec<&str> = found.findings().iter().map(|one| one.message.as_str()).collect();
    assert!(said.len() == 1 && said[0].contains("more hosts and variables"), "{said:?}");
    assert_eq!(found.hosts().len(), 29_001);
    let yaml = "all:\n  hosts:\n    x[1:20000]:\n      p: 1\n    y[1:20000]:\n    z:\n";
    let found = inventory(&[("hosts.yml", yaml)]);
    assert_eq!((rules(&found), found.hosts().len()), (vec!["hosts/unreadable"], 20_001));
}

#[test]
fn a_host_of_an_inventory_with_variables_beside_it_is_what_it_was() {
    let first = snapshot(&[("hosts.ini", "[a]\nx p=1\ny p=2\n"), ("host_vars/x.yml", "q: 1\n")]);
    let known = Inventory::of(&first);
    let mut second = first.clone();
    second.add(Arc::new(Source::new("host_vars/x.yml", 0o100_644, Vec::new(), b"q: 2\n".to_vec())));
    let found = Inventory::again(&second, &known);
    let same = |name| {
        let scope = |of: &Inventory| Arc::clone(of.get(name).unwrap().scope().unwrap());
        Arc::ptr_eq(&scope(&known), &scope(&found))
    };
    assert_eq!((same("x"), same("y")), (false, true));
}
