//! Serves a large cluster on a fixed port until its standard input closes, or writes it into the etcd of a real API server: for benches.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use workload_tests::bulk::Shape;
use workload_tests::{Cluster, Gzip};

const HELP: &str = "\
fake-cluster [OPTIONS]    serves a fake cluster until its standard input closes

  --sets N          StatefulSets (100)
  --ordinals M      ordinals of each, hence N*M pods, claims and volumes (10)
  --bystanders P    pods of Deployments beside each pod of a set (0)
  --namespaces K    over which the sets are spread (10)
  --file FILE       objects of a YAML or JSON file instead; may come more than once
  --port PORT       on 127.0.0.1 (a free one)
  --latency MS      added to each round trip (0)
  --no-gzip         never compress
  --kubeconfig FILE where to write it (a temporary file)
  --into ADDRESS    writes the objects into this etcd instead, and ends: the API server started afterwards has them

Prints the kubeconfig's path and the address. curl's own user agent gets indented JSON, as from the real server:
measure with `curl -A bench --compressed --cacert FILE.ca …`; the certificate lies beside the kubeconfig.
";

fn main() -> ExitCode {
    match serve(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Vec<String>) -> Result<(), String> {
    let mut shape = Shape { sets: 100, ordinals: 10, namespaces: 10 };
    let mut bystanders = 0;
    let mut files = Vec::new();
    let mut kubeconfig: Option<PathBuf> = None;
    let mut into: Option<String> = None;
    let mut cluster = Cluster::new().keep_pages();
    let mut arguments = arguments.into_iter();
    while let Some(option) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{option} needs a value"));
        let number = |text: String| text.parse::<usize>().map_err(|_| format!("{text} is no number"));
        match option.as_str() {
            "--help" | "-h" => return say(HELP),
            "--sets" => shape.sets = number(value()?)?,
            "--ordinals" => shape.ordinals = number(value()?)?,
            "--bystanders" => bystanders = number(value()?)?,
            "--namespaces" => shape.namespaces = number(value()?)?,
            "--file" => files.push(value()?),
            "--port" => {
                let port = number(value()?)?;
                cluster = cluster.port(u16::try_from(port).map_err(|_| format!("{port} is no port"))?);
            }
            "--latency" => cluster = cluster.latency(Duration::from_millis(number(value()?)? as u64)),
            "--no-gzip" => cluster = cluster.gzip(Gzip::Never),
            "--kubeconfig" => kubeconfig = Some(value()?.into()),
            "--into" => into = Some(value()?),
            _ => return Err(format!("unknown option {option}; --help shows what there is")),
        }
    }
    cluster = if files.is_empty() {
        cluster.bulk(shape).published(shape).bystanders(shape, bystanders)
    } else {
        files.iter().fold(cluster, Cluster::file)
    };
    if let Some(etcd) = into {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let written = runtime.map_err(Into::into).and_then(|it| it.block_on(cluster.write_into(&etcd)));
        return say(&format!("{} objects\n", written.map_err(|it| it.to_string())?));
    }
    let running = cluster.start();
    let path = kubeconfig.unwrap_or_else(|| running.kubeconfig());
    let authority = path.with_extension("ca");
    for (path, text) in [(&path, running.kubeconfig_text()), (&authority, running.authority_pem().to_owned())] {
        std::fs::write(path, text).map_err(|it| format!("{}: {it}", path.display()))?;
    }
    say(&format!("{}\n{}\n", path.display(), running.url()))?;
    // Until whoever started this goes away.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}

fn say(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|it| it.to_string())
}
