//! What is printed, and which aims were missed.

use crate::aims::Line;
use crate::measure::Cost;

/// The aims of a run that were missed so far.
#[derive(Debug, Default)]
pub struct Report {
    missed: Vec<String>,
}

impl Report {
    /// Prints a figure beside its floor, and holds its CPU time against its aim.
    pub fn figure(&mut self, line: &Line, cost: &Cost, floor: Option<&Cost>) {
        print(line, cost, floor);
        self.missed.extend(misses(line, cost, floor));
    }

    /// The same, but the aim in floors is held against what it took above a base, such as what any call of a policy costs.
    pub fn figure_above(&mut self, line: &Line, cost: &Cost, floor: &Cost, base: &Cost) {
        print(line, cost, Some(floor));
        self.missed.extend(misses(line, &cost.above(base), Some(floor)));
    }

    /// Prints the memory that something holds beside that of its floor, and holds it against its aim if it has one, in bytes.
    pub fn memory(&mut self, name: &str, held: u64, floor: u64, most: Option<u64>) {
        let [in_mb, floor] = [held, floor].map(|bytes| bytes as f64 / 1e6);
        let aim = most.map_or_else(String::new, |most| format!("  aim <= {:.0} MB", most as f64 / 1e6));
        println!("{name:<46} {in_mb:7.1} MB  floor: {floor:.1} MB{aim}");
        if most.is_some_and(|most| held > most) {
            self.missed.push(format!("{name}: {in_mb:.1} MB,{aim}"));
        }
    }

    /// The aims that were missed, each with its figure.
    pub fn missed(&self) -> &[String] {
        &self.missed
    }
}

fn print(line: &Line, cost: &Cost, floor: Option<&Cost>) {
    let beside = floor.map_or_else(String::new, |floor| {
        format!(
            "  floor: cpu {:.2} wall {:.2} calls {}, {:.2} x",
            floor.cpu_micros(),
            floor.wall_micros(),
            calls(floor),
            cost.cpu_micros() / floor.cpu_micros()
        )
    });
    println!(
        "{:<46} cpu {:7.2} us  wall {:7.2} us  calls {}{beside}{}",
        line.name,
        cost.cpu_micros(),
        cost.wall_micros(),
        calls(cost),
        aims(line)
    );
}

/// System calls of a unit.
fn calls(cost: &Cost) -> String {
    cost.calls.map_or_else(|| "not measured".to_owned(), |calls| format!("{calls:.2}"))
}

fn aims(line: &Line) -> String {
    let micros = line.micros.map(|most| format!("cpu <= {most:.2} us"));
    let floors = line.floors.map(|most| format!("cpu <= {most:.2} x floor"));
    let aims: Vec<String> = micros.into_iter().chain(floors).collect();
    if aims.is_empty() { String::new() } else { format!("  aim {}", aims.join(", ")) }
}

/// What of the line's aims this figure misses; one whose floor was not measured is missed too.
fn misses(line: &Line, cost: &Cost, floor: Option<&Cost>) -> Vec<String> {
    let cpu = cost.cpu_micros();
    let micros =
        line.micros.filter(|most| cpu > *most).map(|most| format!("{}: cpu {cpu:.2} us, aim {most:.2}", line.name));
    let floors = line.floors.and_then(|most| {
        let Some(floor) = floor else { return Some(format!("{}: its floor was not measured", line.name)) };
        let ratio = cpu / floor.cpu_micros();
        (ratio > most).then(|| format!("{}: cpu {cpu:.2} us, {ratio:.2} x its floor, aim {most:.2} x", line.name))
    });
    micros.into_iter().chain(floors).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cost(micros: u64) -> Cost {
        Cost { units: 1_000, wall: Duration::from_secs(60), cpu: Duration::from_millis(micros), calls: None }
    }

    fn line(micros: Option<f64>, floors: Option<f64>) -> Line {
        Line { name: "a line", micros, floors }
    }

    #[test]
    fn an_aim_is_missed_by_more_cpu_time_than_it_allows_whatever_the_wall_time() {
        let line = line(Some(20.0), None);
        assert!(misses(&line, &cost(20), None).is_empty());
        assert_eq!(misses(&line, &cost(21), None), ["a line: cpu 21.00 us, aim 20.00"]);
    }

    #[test]
    fn an_aim_in_floors_is_held_against_the_floor_of_the_run() {
        let line = line(None, Some(2.0));
        assert!(misses(&line, &cost(40), Some(&cost(20))).is_empty());
        assert_eq!(misses(&line, &cost(40), Some(&cost(16))), ["a line: cpu 40.00 us, 2.50 x its floor, aim 2.00 x"]);
        assert_eq!(misses(&line, &cost(40), None), ["a line: its floor was not measured"]);
    }

    #[test]
    fn what_any_call_costs_is_not_counted_to_an_aim_above_it() {
        let line = line(None, Some(3.0));
        assert!(misses(&line, &cost(34).above(&cost(4)), Some(&cost(10))).is_empty());
        assert_eq!(misses(&line, &cost(35).above(&cost(4)), Some(&cost(10))).len(), 1);
        assert_eq!(cost(3).above(&cost(4)).cpu_micros(), 0.0);
    }

    #[test]
    fn of_two_aims_each_is_named() {
        assert_eq!(misses(&line(Some(3.0), Some(2.0)), &cost(6), Some(&cost(1))).len(), 2);
        assert!(misses(&line(None, None), &cost(6), Some(&cost(1))).is_empty());
    }
}
