//! The text of the generated files.

use std::fmt::Write as _;
use std::io;

use super::{Random, Service, queries, word};

/// Panels of one dashboard: about 62 kB of JSON.
const PANELS: usize = 36;
/// Of a hundred dashboards, how many query Loki by `job`.
const LOKI_PERCENT: u64 = 18;
pub(super) const NOUNS: [&str; 12] = [
    "requests",
    "errors",
    "latency",
    "queue",
    "memory",
    "connections",
    "workers",
    "cache",
    "retries",
    "bytes",
    "tasks",
    "sessions",
];
/// `Service::host` of puck.
const PUCK: usize = 0;

type Put<'a> = &'a mut dyn FnMut(&str, &str) -> io::Result<()>;

/// Variables of a host: its services and their ports, some of them left over from a migration.
pub(super) fn host_vars(here: &[&Service]) -> String {
    let mut text =
        String::from("---\nansible_user: robot\ndeployment_environment: ouranos\nservices:\n  - alloy\n  - docker\n");
    for service in here {
        let _ = writeln!(text, "  - {}", service.name);
    }
    for Service { name, port, .. } in here {
        let _ = write!(
            text,
            "\n# {name}\n{name}_directory: /srv/{name}\n{name}_port: {}\n{name}_syslog_port: {port}\n{name}_user: {name}\n",
            port - 30_000
        );
    }
    text
}

/// The collector of a host: a listener for each service that still logs to syslog, and the Docker socket if it is on.
pub(super) fn alloy(here: &[&Service], docker: bool) -> String {
    let mut text = String::from(
        "loki.write \"default\" {\n  endpoint {\n    url = \"http://prospero.incus:3100/loki/api/v1/push\"\n  }\n}\n\n\
         loki.source.journal \"systemd_logs\" {\n  forward_to = [loki.write.default.receiver]\n  labels = {\n    \
         job = \"systemd\",\n    hostname = \"{{ inventory_hostname }}\",\n    environment = \"{{ deployment_environment }}\",\n  }\n}\n",
    );
    for Service { name, .. } in here.iter().filter(|service| service.syslog) {
        let _ = write!(
            text,
            "\nloki.source.syslog \"{name}_logs\" {{\n  listener {{\n    address = \"127.0.0.1:{{{{ {name}_syslog_port }}}}\"\n    \
             protocol = \"tcp\"\n    syslog_format = \"{{{{ syslog_format }}}}\"\n    labels = {{\n      job = \"{name}\",\n      \
             hostname = \"{{{{ inventory_hostname }}}}\",\n      environment = \"{{{{ deployment_environment }}}}\",\n    }}\n  }}\n  \
             forward_to = [loki.write.default.receiver]\n}}\n"
        );
    }
    if docker {
        text.push_str(DOCKER);
    }
    text
}

const DOCKER: &str = r#"
discovery.docker "containers" {
  host = "unix:///var/run/docker.sock"
  refresh_interval = "30s"
}

discovery.relabel "containers" {
  targets = discovery.docker.containers.targets

  rule {
    source_labels = ["__meta_docker_container_label_com_docker_compose_project"]
    target_label = "service"
  }
  rule {
    source_labels = ["__meta_docker_container_label_com_docker_compose_service"]
    target_label = "component"
  }
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex = "/(.*)"
    target_label = "container"
  }
  rule {
    source_labels = ["service", "container"]
    separator = "@"
    regex = "@(.+)"
    target_label = "service"
  }
}

loki.source.docker "containers" {
  host = "unix:///var/run/docker.sock"
  targets = discovery.relabel.containers.output
  forward_to = [loki.write.default.receiver]
  labels = {
    hostname = "{{ inventory_hostname }}",
    environment = "{{ deployment_environment }}",
  }
}
"#;

/// What all hosts share: inventory, group variables, the default collector, Grafana's datasources.
pub(super) fn shared(hosts: &[String], put: Put<'_>) -> io::Result<()> {
    let mut inventory = String::from("---\nall:\n  children:\n    ubuntu:\n      hosts:\n");
    for host in hosts {
        let _ = writeln!(inventory, "        {host}.incus:");
    }
    put("ansible/inventory/hosts.yml", &inventory)?;
    put("ansible/group_vars/all/vars.yml", "---\nsyslog_format: rfc3164\ncompose_state: present\n")?;
    put("ansible/alloy/config.alloy.j2", &alloy(&[], false))?;
    put(
        "ansible/grafana/provisioning/datasources/datasources.yml",
        "apiVersion: 1\ndatasources:\n  - name: Loki\n    uid: loki\n    type: loki\n    access: proxy\n    url: http://loki:3100\n  \
         - name: Prometheus\n    uid: prometheus\n    type: prometheus\n    access: proxy\n    url: http://prometheus:9090\n    \
         isDefault: true\n",
    )?;
    put(
        "ansible/alloy/deploy.yml",
        "---\n- name: Deploy Alloy\n  hosts: ubuntu\n  become: true\n  tasks:\n    - name: Look for a configuration of its own\n      \
         ansible.builtin.stat:\n        path: \"{{ playbook_dir }}/{{ inventory_hostname_short }}/config.alloy.j2\"\n      \
         delegate_to: localhost\n      register: own\n    - name: Write the configuration\n      ansible.builtin.template:\n        \
         src: \"{{ (inventory_hostname_short + '/config.alloy.j2') if own.stat.exists else 'config.alloy.j2' }}\"\n        \
         dest: /etc/alloy/config.alloy\n",
    )
}

/// Loki itself, with the rules of its ruler: two for every eighth service, and all shapes for the one that moves.
pub(super) fn loki(services: &[Service], host: &str, put: Put<'_>) -> io::Result<()> {
    put(
        "ansible/loki/docker-compose.yml.j2",
        "services:\n  loki:\n    image: grafana/loki:3.4.2\n    volumes:\n      - loki_data:/loki\n\nvolumes:\n  loki_data:\n",
    )?;
    put(
        "ansible/loki/config.yml.j2",
        "auth_enabled: false\nserver:\n  http_listen_port: 3100\nruler:\n  storage:\n    type: local\n    local:\n      \
         directory: /etc/loki/rules\n",
    )?;
    put(
        "ansible/loki/deploy.yml",
        &format!(
            "---\n- name: Deploy Loki\n  hosts: {host}.incus\n  become: true\n  tasks:\n    - name: Write the configuration\n      \
             ansible.builtin.template:\n        src: config.yml.j2\n        dest: /etc/loki/config.yml\n    - name: Write the rules\n      \
             ansible.builtin.copy:\n        src: rules/\n        dest: /etc/loki/rules/fake/\n    - name: Write the Compose file\n      \
             ansible.builtin.template:\n        src: docker-compose.yml.j2\n        dest: /srv/loki/docker-compose.yml\n    \
             - name: Start\n      community.docker.docker_compose_v2:\n        project_src: /srv/loki\n"
        ),
    )?;
    for (at, service) in services.iter().enumerate().filter(|(at, _)| at % 8 == PUCK) {
        let name = &service.name;
        let other = &services[(at * 3 + 5) % services.len()].name;
        let mut rules = format!("groups:\n  - name: {name}-logs\n    rules:\n");
        let count = if at == PUCK { queries::RULES } else { 2 };
        for shape in 0..count {
            let _ = write!(
                rules,
                "      - alert: {name}_logs_{shape}\n        expr: |-\n          {}\n        for: 5m\n        labels:\n          \
                 severity: warning\n",
                queries::rule(shape, name, other)
            );
        }
        put(&format!("ansible/loki/rules/{name}.yml"), &rules)?;
    }
    Ok(())
}

/// The files of one service: Compose template, playbook, environment, settings, rules, roles.
pub(super) fn service(service: &Service, host: &str, random: &mut Random, put: Put<'_>) -> io::Result<()> {
    let Service { name, syslog, .. } = service;
    let folder = format!("ansible/{name}");
    let logging = format!(
        "    logging:\n      driver: syslog\n      options:\n        syslog-address: \"tcp://127.0.0.1:{{{{ {name}_syslog_port }}}}\"\n        \
         syslog-format: \"{{{{ syslog_format | default('rfc3164') }}}}\"\n"
    );
    let logging = if *syslog { logging.as_str() } else { "" };
    put(
        &format!("{folder}/docker-compose.yml.j2"),
        &format!(
            "services:\n  app:\n    image: registry.example.org/{name}:{{{{ {name}_version | default('1.0') }}}}\n    container_name: \
             {name}\n    restart: unless-stopped\n    env_file: .env\n    ports:\n      - \"{{{{ {name}_port }}}}:8000\"\n    \
             volumes:\n      - {name}_data:/data\n{logging}    healthcheck:\n      test: [\"CMD\", \"curl\", \"-f\", \
             \"http://localhost:8000/live\"]\n      interval: 30s\n\nvolumes:\n  {name}_data:\n"
        ),
    )?;
    put(
        &format!("{folder}/deploy.yml"),
        &format!(
            "---\n- name: Deploy {name}\n  hosts: {host}.incus\n  become: true\n  tasks:\n    - name: Write the Compose file\n      \
             ansible.builtin.template:\n        src: docker-compose.yml.j2\n        dest: \"{{{{ {name}_directory }}}}/docker-compose.yml\"\n        \
             mode: \"0640\"\n    - name: Start\n      community.docker.docker_compose_v2:\n        project_src: \"{{{{ {name}_directory }}}}\"\n        \
             state: \"{{{{ compose_state }}}}\"\n"
        ),
    )?;
    put(&format!("{folder}/.env.j2"), &format!("APP={name}\nPORT={{{{ {name}_port }}}}\nLOG_LEVEL=info\n"))?;
    let mut rules = format!("groups:\n  - name: {name}\n    rules:\n");
    for noun in NOUNS {
        let limit = random.below(500);
        let _ = write!(
            rules,
            "      - alert: {name}_{noun}\n        expr: sum(rate({noun}_total{{job=\"{name}\"}}[5m])) > {limit}\n        for: 10m\n        \
             labels:\n          severity: warning\n        annotations:\n          summary: \"{name} has too many {noun}\"\n"
        );
    }
    put(&format!("ansible/prometheus/rules/{name}.yml"), &rules)?;
    for part in ["tasks", "handlers"] {
        let mut text = format!("---\n# {part} of {name}\n");
        for at in 0..12 {
            let noun = random.pick(&NOUNS);
            let _ = writeln!(
                text,
                "- name: Set the {noun} of {name} ({at})\n  ansible.builtin.debug:\n    msg: \"{noun} {}\"",
                random.below(999)
            );
        }
        put(&format!("ansible/roles/{name}/{part}/main.yml"), &text)?;
    }
    for part in ["defaults", "vars"] {
        let mut text = format!("---\n# {part} of {name}\n");
        for noun in NOUNS {
            let _ = writeln!(text, "{name}_{noun}_{part}: {}", random.below(999));
        }
        put(&format!("ansible/roles/{name}/{part}/main.yml"), &text)?;
    }
    let meta = format!("---\ngalaxy_info:\n  role_name: {name}\n  min_ansible_version: \"2.15\"\ndependencies: []\n");
    put(&format!("ansible/roles/{name}/meta/main.yml"), &meta)?;
    Ok(())
}

/// One dashboard. Most query Prometheus, where `job=` is a label of its own that no migration touches.
pub(super) fn dashboard(random: &mut Random, number: usize, services: &[Service]) -> String {
    let loki = random.below(100) < LOKI_PERCENT;
    let at = random.below(services.len() as u64) as usize;
    // A dozen dashboards are about the service that moves.
    let service = if number % 250 == 7 { &services[PUCK] } else { &services[at.max(1)] };
    let loki = loki || number % 250 == 7;
    let name = &service.name;
    let mut text = String::from(concat!(
        "{\n  \"annotations\": { \"list\": [] },\n  \"editable\": true,\n  \"graphTooltip\": 1,\n",
        "  \"id\": null,\n  \"panels\": [\n"
    ));
    for panel in 0..PANELS {
        let end = if panel + 1 < PANELS { "," } else { "" };
        let noun = random.pick(&NOUNS);
        let (kind, expression, legend) = if loki && panel % 9 == 4 {
            let shape = number / 250 * 4 + panel / 9;
            let (query, legend) =
                queries::loki(shape, name, &services[(number * 7 + panel) % services.len()].name, noun);
            ("loki", query, legend)
        } else {
            let other = word(random.below(4000) as usize);
            ("prometheus", queries::prometheus(random, name, noun, &other), "{{instance}}")
        };
        let expression = expression.replace('\\', "\\\\").replace('"', "\\\"");
        let links = if loki && panel == 8 { queries::explore(name) } else { "[]".to_owned() };
        let _ = write!(
            text,
            r#"    {{
      "datasource": {{ "type": "{kind}", "uid": "{kind}" }},
      "description": "The {noun} of {name} as seen by its own counters, {} of them.",
      "fieldConfig": {{
        "defaults": {{
          "color": {{ "mode": "palette-classic" }},
          "custom": {{
            "axisBorderShow": false,
            "axisCenteredZero": false,
            "axisColorMode": "text",
            "axisLabel": "",
            "axisPlacement": "auto",
            "barAlignment": 0,
            "drawStyle": "line",
            "fillOpacity": {},
            "gradientMode": "none",
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "pointSize": 5,
            "showPoints": "auto",
            "spanNulls": false,
            "stacking": {{ "group": "A", "mode": "none" }}
          }},
          "mappings": [],
          "thresholds": {{
            "mode": "absolute",
            "steps": [{{ "color": "green", "value": null }}, {{ "color": "red", "value": {} }}]
          }},
          "unit": "short"
        }},
        "overrides": []
      }},
      "gridPos": {{ "h": 8, "w": 12, "x": {}, "y": {} }},
      "id": {},
      "links": {links},
      "options": {{
        "legend": {{ "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": true }},
        "tooltip": {{ "mode": "single", "sort": "none" }}
      }},
      "targets": [
        {{
          "datasource": {{ "type": "{kind}", "uid": "{kind}" }},
          "editorMode": "code",
          "expr": "{expression}",
          "legendFormat": "{legend}",
          "range": true,
          "refId": "A"
        }}
      ],
      "title": "{name}: {noun} {panel}",
      "type": "timeseries"
    }}{end}
"#,
            random.below(99_999),
            random.below(100),
            random.below(1000),
            panel % 2 * 12,
            panel / 2 * 8,
            panel + 1,
        );
    }
    let variables = if loki { queries::VARIABLE } else { "" };
    let _ = write!(
        text,
        "  ],\n  \"refresh\": \"1m\",\n  \"schemaVersion\": 39,\n  \"tags\": [\"{name}\"],\n  \"templating\": {{ \"list\": [{variables}] }},\n  \
         \"time\": {{ \"from\": \"now-6h\", \"to\": \"now\" }},\n  \"title\": \"{name} {number}\",\n  \"uid\": \"{:016x}\",\n  \"version\": 1\n}}\n",
        random.next()
    );
    text
}

/// A page of documentation.
pub(super) fn note(random: &mut Random, number: usize) -> String {
    let mut text = format!("# Note {number}\n\n");
    for _ in 0..30 {
        let (what, of) = (random.pick(&NOUNS), word(random.below(4000) as usize));
        let _ = writeln!(text, "The {what} of {of} went from {} to {}.", random.below(1000), random.below(1000));
    }
    text
}
