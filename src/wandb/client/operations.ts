/** A GraphQL operation with its name, and the one field of `data` that it asks for. */
export interface Operation {
  readonly name: string;
  readonly field: string;
  readonly query: string;
}

function operation(query: string): Operation {
  const name = /(?:query|mutation) (\w+)/.exec(query)?.[1] ?? "";
  const field = /\{\s*(\w+)/.exec(query)?.[1] ?? "";
  return { name, field, query: query.replace(/\s+/g, " ").trim() };
}

export const VIEWER = operation(`
  query Viewer { viewer { id entity username teams { edges { node { name } } } } }`);

export const SERVER_FEATURES = operation(`
  query ServerFeaturesQuery { serverInfo { features { name isEnabled } } }`);

export const RUN_RESUME_STATUS = operation(`
  query RunResumeStatus($project: String, $entity: String, $name: String!) {
    model(name: $project, entityName: $entity) {
      id name entity { id name }
      bucket(name: $name, missingOk: true) {
        id name displayName state config tags notes summaryMetrics
        logLineCount historyLineCount eventsLineCount historyTail eventsTail
        wandbConfig(keys: ["t"])
      }
    }
  }`);

export const UPSERT_BUCKET = operation(`
  mutation UpsertBucket($id: String, $name: String, $project: String, $entity: String, $groupName: String,
    $displayName: String, $notes: String, $config: JSONString, $host: String, $program: String,
    $jobType: String, $tags: [String!]) {
    upsertBucket(input: {id: $id, name: $name, groupName: $groupName, modelName: $project, entityName: $entity,
      displayName: $displayName, notes: $notes, config: $config, host: $host, jobProgram: $program,
      jobType: $jobType, tags: $tags}) {
      bucket { id name project { name entity { name } } }
      inserted
    }
  }`);

export const CREATE_RUN_FILES = operation(`
  mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
    createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
      runID uploadHeaders files { name uploadUrl }
    }
  }`);

export const CREATE_ARTIFACT = operation(`
  mutation CreateArtifact($input: CreateArtifactInput!) {
    createArtifact(input: $input) { artifact { id state } }
  }`);

export const CREATE_ARTIFACT_MANIFEST = operation(`
  mutation CreateArtifactManifest($artifactID: ID!, $name: String!, $digest: String!, $entityName: String!,
    $projectName: String!, $runName: String!, $includeUpload: Boolean!) {
    createArtifactManifest(input: {artifactID: $artifactID, name: $name, digest: $digest, entityName: $entityName,
      projectName: $projectName, runName: $runName, type: FULL}) {
      artifactManifest {
        id
        file { uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) }
      }
    }
  }`);

export const CREATE_ARTIFACT_FILES = operation(`
  mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
    createArtifactFiles(input: $input) { files { edges { node { name uploadUrl uploadHeaders } } } }
  }`);

export const COMMIT_ARTIFACT = operation(`
  mutation CommitArtifact($artifactID: ID!) {
    commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } }
  }`);

const RUN_FIELDS = `id name displayName state group jobType notes tags createdAt heartbeatAt historyLineCount
  config summaryMetrics`;

export const RUNS = operation(`
  query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int, $order: String,
    $filters: JSONString) {
    project(name: $project, entityName: $entity) {
      runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
        edges { node { ${RUN_FIELDS} } }
        pageInfo { endCursor hasNextPage }
      }
    }
  }`);

export const RUN = operation(`
  query Run($project: String!, $entity: String!, $name: String!) {
    project(name: $project, entityName: $entity) { run(name: $name) { ${RUN_FIELDS} } }
  }`);

export const RUN_FILES = operation(`
  query RunFiles($project: String!, $entity: String!, $name: String!, $cursor: String, $perPage: Int,
    $fileNames: [String], $pattern: String) {
    project(name: $project, entityName: $entity) {
      run(name: $name) {
        files(names: $fileNames, after: $cursor, first: $perPage, pattern: $pattern) {
          edges { node { id name directUrl sizeBytes md5 updatedAt } }
          pageInfo { endCursor hasNextPage }
        }
      }
    }
  }`);
