"""From a request to a trainer, in a straight line; each module takes one of the steps.

    Request ──► Machine ──► corpus ──► dataset ──► Resolved ──► state ──► Trainer
    request.py  machine.py  task.read  task.split  resolve.py   state.py

`start.start_run` creates a run, `resume.resume_run` continues one from its newest checkpoint. Where
several processes train together, the first calls one of them, the others `join.join_run`.
"""
