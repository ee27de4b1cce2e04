create table members (team_id text, user_id text, level integer);
insert into members values ('red', 'm-1', 1);
insert into members values ('red', 'o-1', 3);
create table notes (id text primary key, team_id text, body text);
