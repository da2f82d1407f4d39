//! Commands that ask no control plane: files in a folder of their own, and what is said of them.

use crate::plane::{Ran, occ, run};

/// A type with a parameter that must be given, one with a default and a config of the environment.
pub(crate) const TYPE: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: ComponentType
metadata:
  name: web
spec:
  workloadType: deployment
  allowedTraits:
    - name: storage
  parameters:
    openAPIV3Schema:
      type: object
      required: [level]
      properties:
        level: {type: string, enum: [low, high]}
        replicas: {type: integer, default: 1}
  resources:
    - id: deployment
      template:
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: ${metadata.name}
        spec:
          replicas: ${parameters.replicas}
          template:
            spec:
              containers:
                - name: main
                  image: ${workload.container.image}
                  env:
                    - {name: LEVEL, value: \"${parameters.level}\"}
    - id: config
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${metadata.componentName}
        data:
          level: ${environmentConfigs.level}
  environmentConfigs:
    openAPIV3Schema:
      type: object
      properties:
        level: {type: string, default: info}
";

/// A component of the type, and its workload.
pub(crate) const COMPONENT: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata:
  name: cart
spec:
  owner:
    projectName: shop
  componentType:
    name: deployment/web
  parameters:
    level: high
---
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata:
  name: cart
spec:
  owner:
    projectName: shop
    componentName: cart
  endpoints:
    http: {type: HTTP, port: 8080}
  container:
    image: cart:1
";

/// What `occ` says of files, by name and text, in a folder of their own. No control plane can be reached.
pub(crate) fn told(files: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let mut command = occ();
    command.args(arguments).current_dir(folder.path()).env("CHOREO_API_ENDPOINT", "http://127.0.0.1:1");
    run(command, "")
}
