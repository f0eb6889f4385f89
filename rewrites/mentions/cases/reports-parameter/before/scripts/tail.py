def query(job="kairos"):
    return '{job="%s", environment="lab"}' % job
