/** Ids of the groups and tasks of `fixtures/taskcluster` that tests name. */
export const IDS = {
  fjord: "ZowUkamoRKuDlb4uAeTvgg",
  coast: "J2XoxaS9SnyWSEP9J9vJnQ",
  brook: "Y6F8lF-IS_SVgj7ZeGveVw",
  push: "TucYQ6XZRSq4ArK6WOYigQ",
  /** Completed, after a run that was taken away. */
  teacher1: "LCi0szo2RuGr-iRSP6-nRg",
  /** Still running. */
  teacher2: "BWttdfxdQ3aBIFP29lDaAg",
  student: "JmPUYmAcR8OLhdk1WUXnoA",
  /** Failed. */
  finetuned: "S_vB2hriRvKyTj9yo9izdQ",
  quantize: "NOUNVvvVRIKeddy3cZIWzQ",
  /** An evaluation that is completed. */
  evaluation: "RMlI9-NsQHmeoS9--MBd8A",
  /** No task that is there. */
  unknown: "Y7uvQ6XZRSq4ArK6WOYigQ",
} as const;
