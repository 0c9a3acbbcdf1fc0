//! What hostile documents cost, in counted steps and bytes: doubling the document at most doubles both, or the work is
//! refused. `cargo bench -p avow-avro --bench hostile` prints the curves up to the largest body that a server takes.

#[path = "../tests/it/shapes.rs"]
mod shapes;

use shapes::{SHAPES, WORKS, costs};

const SMALLEST: usize = 16 << 10;
const LARGEST: usize = 1 << 20;

#[expect(clippy::print_stdout, reason = "the output is the result")]
fn main() {
    println!("steps and bytes held, per byte of the document; - refused");
    for shape in SHAPES {
        println!("\n{}", shape.name);
        print!("{:>10}", "bytes");
        for work in WORKS {
            print!("{work:>18}");
        }
        println!();
        let mut size = SMALLEST;
        while size <= LARGEST {
            let (reader, writer) = (shape.make)(size);
            let bytes = (reader.len() + writer.len()) as u64;
            print!("{bytes:>10}");
            for cost in costs(&reader, &writer) {
                let text =
                    cost.map_or_else(|| "-".to_owned(), |(steps, held)| format!("{} {}", steps / bytes, held / bytes));
                print!("{text:>18}");
            }
            println!();
            size *= 2;
        }
    }
}
