"""A plugin of pytest: Taskcluster's index knows no task, so that task graphs are generated without a network."""

import taskgraph.optimize.base

taskgraph.optimize.base.find_task_id_batched = lambda indexes, use_proxy=False: {}
taskgraph.optimize.base.status_task_batched = lambda task_ids, use_proxy=False: {}
