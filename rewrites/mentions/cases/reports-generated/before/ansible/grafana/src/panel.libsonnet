function(job) { targets: [{ expr: "{}" }] }
