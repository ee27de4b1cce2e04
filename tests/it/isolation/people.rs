//! Everyone in the demo district: the columns of the matrix.

use homeroom_plan::Plan;
use homeroom_store::sql::{Column, ColumnKind, Db, Row, Sql, SqlLimits};
use serde_json::Value;

/// Everyone with their tenant; students' classes are those they attend, parents' those of their children.
const EVERYONE: &str = "
    select u.id as \"id\", u.role as \"role\", u.name as \"name\", u.school_id as \"schoolId\",
           u.district_id as \"districtId\",
           (select min(board_id) from schools s where s.district_id = u.district_id) as \"boardId\",
           (select min(country_id) from schools s where s.district_id = u.district_id) as \"countryId\",
           (select group_concat(class_id, ' ') from (
              select class_id from class_teachers where teacher_id = u.id
              union select class_id from enrollments where student_id = u.id
              union select class_id from enrollments e join guardians g on g.student_id = e.student_id
                     where g.parent_id = u.id)) as \"classes\",
           (select group_concat(student_id, ' ') from guardians where parent_id = u.id) as \"children\"
      from users u";

/// How many people the demo district may have.
const PEOPLE_MAX: usize = 100;

/// Somebody of the demo district.
pub(super) struct Person {
    /// Their id, which is also their name here.
    pub(super) id: String,
    /// Their role.
    pub(super) role: String,
    /// `user`, as definitions see it.
    pub(super) user: Value,
    /// School, or for want of one the district.
    pub(super) tenant: String,
    /// What they have to do with, for the reader.
    pub(super) with: String,
}

/// Everyone in the database that a script makes: by role, and within a role by id.
pub(super) async fn everyone(script: &str, plan: &Plan) -> Vec<Person> {
    let db = Db::embedded(script, SqlLimits::default()).await.expect("the script runs");
    let columns = ["id", "role", "name", "schoolId", "districtId", "boardId", "countryId", "classes", "children"]
        .map(|name| Column { name: name.into(), kind: ColumnKind::Text, required: false });
    let rows = db.fetch(&Sql::plain(EVERYONE), &[], &columns, PEOPLE_MAX).await.expect("everyone is found");
    let mut people: Vec<Person> = rows.into_iter().map(person).collect();
    let rank = |person: &Person| plan.roles.iter().position(|role| **role == *person.role);
    people.sort_by_key(|person| (rank(person), person.id.clone()));
    people
}

fn person(mut row: Row) -> Person {
    let classes = row.remove("classes");
    let children = row.remove("children");
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let word = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let with = match (word(&children), word(&classes)) {
        (Some(children), Some(classes)) => format!("{children} in {classes}"),
        (_, classes) => classes.unwrap_or_default(),
    };
    let (id, role) = (text("id"), text("role"));
    let tenant = [text("schoolId"), text("districtId")].into_iter().find(|tenant| !tenant.is_empty());
    Person { id, role, tenant: tenant.unwrap_or_default(), with, user: Value::Object(row) }
}
