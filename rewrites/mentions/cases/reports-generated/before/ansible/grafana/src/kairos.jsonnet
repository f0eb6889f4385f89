local panel = import 'panel.libsonnet';  // one panel for each job
{ title: 'Kairos', panels: [panel('kairos')] }
