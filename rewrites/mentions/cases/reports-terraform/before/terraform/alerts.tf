resource "grafana_rule_group" "logs" {
  rule {
    data {
      datasource_uid = grafana_data_source.loki.uid
      model = jsonencode({ expr = "sum(rate({job=\"kairos\"}[5m]))" })
    }
  }
}
